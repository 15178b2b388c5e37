resource "entramfa_user_mfa_state" "miriam" {
  user_principal_name = "miriam.o'hara@contoso.example"
  state               = "enforced"
}
