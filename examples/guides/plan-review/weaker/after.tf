resource "entramfa_user_mfa_states" "staff" {
  users = {
    "adele.vance@contoso.example"     = "disabled"
    "diego.siciliani@contoso.example" = "enabled"
  }
}
