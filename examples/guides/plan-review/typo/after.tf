resource "entramfa_trusted_ips" "branch" {
  display_name = "Branch office"
  ip_ranges    = ["198.51.100.0/14", "2001:0DB8:00B0::/48"]
}
