data "entramfa_conditional_access_policy" "mfa" {
  id = "f60ab4d8-5c3e-4f70-9d91-3c4d5e6f7001"
}

# A warning in every plan while the policy is not in force.
check "mfa_is_enforced" {
  assert {
    condition     = data.entramfa_conditional_access_policy.mfa.state == "enabled" && data.entramfa_conditional_access_policy.mfa.requires_mfa
    error_message = "${data.entramfa_conditional_access_policy.mfa.display_name} does not require MFA at present."
  }
}
