# As the network team keeps them.
resource "entramfa_trusted_ips" "offices" {
  display_name = "Offices"
  ip_ranges    = provider::entramfa::ip_ranges_from_text(file("${path.module}/ranges.txt"))
}
