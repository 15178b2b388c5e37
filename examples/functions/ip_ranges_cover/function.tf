data "entramfa_trusted_ip_ranges" "tenant" {}

# A warning in every plan in which one of the VPN gateways is not trusted, by whichever location.
check "vpn_is_trusted" {
  assert {
    condition = alltrue([
      for gateway in ["203.0.113.17", "203.0.113.18"] :
      provider::entramfa::ip_ranges_cover(data.entramfa_trusted_ip_ranges.tenant.ip_ranges, gateway)
    ])
    error_message = "Sign-ins through the VPN count as from anywhere: the tenant does not trust all of its gateways."
  }
}

output "a_partner_is_trusted" {
  value = provider::entramfa::ip_ranges_cover(data.entramfa_trusted_ip_ranges.tenant.ip_ranges, "192.0.2.0/24")
}
