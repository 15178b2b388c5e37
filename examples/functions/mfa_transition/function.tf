data "entramfa_user_mfa_states" "staff" {
  group_id = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e01"
}

# What a plan would say to each of the staff if everybody were to be enforced, registered or not.
output "why_not_enforced" {
  value = {
    for user, state in data.entramfa_user_mfa_states.staff.users :
    user => provider::entramfa::mfa_transition(state, "enforced", false, true).reason
  }
}

# What an apply writes to somebody who is disabled, has registered, and is to be enforced: enabled, then enforced.
output "steps_to_enforced" {
  value = provider::entramfa::mfa_transition("disabled", "enforced", true, true).writes
}
