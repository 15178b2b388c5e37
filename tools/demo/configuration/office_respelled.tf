resource "entramfa_trusted_ips" "office" {
  display_name = "Branch office"
  ip_ranges    = ["2001:0DB8:00B0:0000::/48", "198.51.100.7/24"]
}
