data "entramfa_authentication_strength_policies" "custom" {
  policy_type = "custom"
}

# A warning in every plan while a strength of the tenant is satisfied by a single factor.
check "strengths_are_mfa" {
  assert {
    condition     = alltrue([for strength in data.entramfa_authentication_strength_policies.custom.policies : strength.requirements_satisfied == "mfa"])
    error_message = "An authentication strength does not require MFA."
  }
}

output "strengths" {
  value = { for id, strength in data.entramfa_authentication_strength_policies.custom.policies : strength.display_name => id }
}
