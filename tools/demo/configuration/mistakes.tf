resource "entramfa_user_mfa_state" "miriam" {
  user_principal_name = "miriam.o'hara@contoso.example"
  state               = "enforced"
}

resource "entramfa_user_mfa_state" "break_glass" {
  user_principal_name = "break.glass.1@contoso.example"
  state               = "enabled"
}
