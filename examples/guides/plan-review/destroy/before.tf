resource "entramfa_user_mfa_state" "adele" {
  user_principal_name = "adele.vance@contoso.example"
  state               = "enabled"
}

resource "entramfa_user_mfa_state" "alex" {
  user_principal_name = "alex.wilber@contoso.example"
  state               = "enabled"
}
