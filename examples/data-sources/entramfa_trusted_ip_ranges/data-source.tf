data "entramfa_trusted_ip_ranges" "all" {}

# A warning in every plan in which the tenant trusts more than a /22, whoever added to it.
check "trust_stays_small" {
  assert {
    condition     = data.entramfa_trusted_ip_ranges.all.address_count_ipv4 <= 1024
    error_message = "The tenant trusts ${data.entramfa_trusted_ip_ranges.all.address_count_ipv4} IPv4 addresses."
  }
}

output "trusted" {
  value = { for location in data.entramfa_trusted_ip_ranges.all.locations : "${location.display_name} (${location.id})" => location.ip_ranges }
}
