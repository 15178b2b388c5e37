output "office_location_id" {
  description = "Id of the office's trusted location, for Conditional Access policies."
  value       = entramfa_trusted_ips.office.id
}

output "awaiting_registration" {
  description = "Staff who have not registered a method yet, as of the last refresh."
  value       = sort([for user in entramfa_user_mfa_state.staff : user.user_principal_name if user.effective_state != "enforced"])
}
