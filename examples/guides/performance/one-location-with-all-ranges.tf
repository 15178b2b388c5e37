variable "offices" {
  type = map(list(string))
  default = {
    berlin = ["203.0.113.0/25"]
    lisbon = ["198.51.100.0/24", "2001:db8:10::/48"]
  }
}

# One request to create or change, however many offices there are.
resource "entramfa_trusted_ips" "offices" {
  display_name = "Offices"
  ip_ranges    = flatten(values(var.offices))
}
