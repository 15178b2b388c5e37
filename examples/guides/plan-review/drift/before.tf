resource "entramfa_user_mfa_state" "adele" {
  user_principal_name = "adele.vance@contoso.example"
  state               = "enabled"
}

resource "entramfa_user_mfa_state" "alex" {
  user_id = "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b302"
  state   = "enabled"
}
