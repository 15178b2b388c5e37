resource "entramfa_user_mfa_states" "staff" {
  users = {
    "adele.vance@contoso.example" = "enabled"
    "alex.wilber@contoso.example" = "enabled"
  }
}
