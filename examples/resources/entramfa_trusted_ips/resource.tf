# The way out of the head office. The plan shows how much this trusts: 256 IPv4 addresses and 65,536 IPv6 /64 networks.
resource "entramfa_trusted_ips" "headquarters" {
  display_name = "Headquarters"
  ip_ranges = [
    "203.0.113.0/24",
    "2001:db8:5a5a::/48",
  ]
}

# Single addresses need no prefix length.
resource "entramfa_trusted_ips" "vpn" {
  display_name = "VPN gateways"
  ip_ranges    = ["198.51.100.17", "198.51.100.18"]

  # For a tenant whose other apps use up the one request a second that all share.
  timeouts {
    create = "1h"
  }
}
