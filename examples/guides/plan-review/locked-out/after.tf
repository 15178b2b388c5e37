provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
  }
}

resource "entramfa_user_mfa_states" "everybody" {
  users = {
    "adele.vance@contoso.example"   = "enabled"
    "break.glass.1@contoso.example" = "enabled"
    "break.glass.2@contoso.example" = "enabled"
  }
}
