data "entramfa_user_mfa_state" "diego" {
  user_principal_name = "diego.siciliani@contoso.example"
}

# A warning in every plan in which Diego is not at least enabled.
check "diego_needs_mfa" {
  assert {
    condition     = data.entramfa_user_mfa_state.diego.satisfied
    error_message = "${data.entramfa_user_mfa_state.diego.display_name} has per-user MFA ${data.entramfa_user_mfa_state.diego.state}."
  }
}

output "diego" {
  value = data.entramfa_user_mfa_state.diego.state
}
