output "awaiting_registration" {
  description = "Users of the file who have not registered a method yet, as of the last refresh."
  value       = [for user, state in entramfa_user_mfa_states.staff.effective_states : user if state == "enabled"]
}

output "users_by_state" {
  description = "How many users of the file have which state, as of the last refresh."
  value       = { for state in ["disabled", "enabled", "enforced"] : state => length([for has in values(entramfa_user_mfa_states.staff.effective_states) : has if has == state]) }
}
