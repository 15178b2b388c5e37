# Members of all-staff, those of nested groups included, to whom per-user MFA does not apply.
data "entramfa_user_mfa_states" "unprotected" {
  group_id = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e01"
  states   = ["disabled"]
}

# Everybody in the tenant, guests included.
data "entramfa_user_mfa_states" "all" {
  all_users = true
}

output "unprotected" {
  value = keys(data.entramfa_user_mfa_states.unprotected.users)
}

output "unprotected_staff_of_all_users" {
  value = format("%d of %d users", data.entramfa_user_mfa_states.unprotected.user_count, data.entramfa_user_mfa_states.all.user_count)
}
