locals {
  zurich = ["198.51.100.0/26", "198.51.100.64/26", "2001:db8:a11:100::/57"]
  milan  = ["198.51.100.128/25", "198.51.100.200", "2001:db8:a11:180::/57"]
}

# Two ranges in place of six: 198.51.100.0/24 and 2001:db8:a11:100::/56.
resource "entramfa_trusted_ips" "offices" {
  display_name = "Offices"
  ip_ranges    = provider::entramfa::merge_ip_ranges(concat(local.zurich, local.milan))
}
