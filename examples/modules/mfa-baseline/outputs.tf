output "trusted_location_ids" {
  description = "Ids of the trusted locations by name, for Conditional Access policies."
  value       = { for name, location in entramfa_trusted_ips.this : name => location.id }
}

output "trusted_ipv4_addresses" {
  description = "How many IPv4 addresses each trusted location covers, by name. Known at plan."
  value       = { for name, location in entramfa_trusted_ips.this : name => location.address_count_ipv4 }
}

output "awaiting_registration" {
  description = "Those of per_user_mfa who have not registered a method yet, as of the last refresh."
  value       = sort([for user in entramfa_user_mfa_state.this : user.user_principal_name if user.effective_state != "enforced"])
}
