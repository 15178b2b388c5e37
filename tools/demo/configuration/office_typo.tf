resource "entramfa_trusted_ips" "office" {
  display_name = "Branch office"
  ip_ranges    = ["198.51.100.0/17", "2001:db8:b0::/48"]
}
