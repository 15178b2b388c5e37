output "policy_ids" {
  description = "Ids of the policies, by the names of their variables."
  value       = { for key, policy in entramfa_conditional_access_policy.this : key => policy.id }
}

output "policy_states" {
  description = "States of the policies, by the names of their variables. Known at plan."
  value       = { for key, policy in entramfa_conditional_access_policy.this : key => policy.state }
}
