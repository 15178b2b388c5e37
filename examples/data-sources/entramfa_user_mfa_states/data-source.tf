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

# Accounts that nobody can sign in with, and that somebody has asked for MFA all the same.
output "blocked_with_mfa" {
  value = [
    for name, can_sign_in in data.entramfa_user_mfa_states.all.accounts_enabled :
    name if can_sign_in == false && data.entramfa_user_mfa_states.all.users[name] != "disabled"
  ]
}
