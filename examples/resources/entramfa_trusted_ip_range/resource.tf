# The location belongs to the network team. This configuration owns one range in it and leaves the others alone.
data "entramfa_trusted_ips" "headquarters" {
  display_name = "Headquarters"
}

resource "entramfa_trusted_ip_range" "vpn" {
  location_id = data.entramfa_trusted_ips.headquarters.id
  ip_range    = "198.51.100.17/32"
}
