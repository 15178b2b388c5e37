resource "entramfa_trusted_ips" "branch" {
  display_name = "Branch office"
  ip_ranges    = ["198.51.100.0/24", "2001:db8:b0::/48"]
}
