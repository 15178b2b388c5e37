locals {
  # What the firewall says that it sends from, in its own spelling.
  firewall = ["203.0.113.1/24", "198.51.100.17/32", "2001:DB8:5A5A:0::/48"]
}

data "entramfa_trusted_ip_ranges" "tenant" {}

# As texts they would all differ.
output "not_trusted_yet" {
  value = setsubtract(
    provider::entramfa::normalize_ip_ranges(local.firewall),
    provider::entramfa::normalize_ip_ranges(data.entramfa_trusted_ip_ranges.tenant.ip_ranges),
  )
}
