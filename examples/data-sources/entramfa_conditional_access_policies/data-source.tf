# The policies in force that require MFA.
data "entramfa_conditional_access_policies" "mfa" {
  state        = "enabled"
  requires_mfa = true
}

output "names" {
  value = sort([for policy in data.entramfa_conditional_access_policies.mfa.policies : policy.display_name])
}
