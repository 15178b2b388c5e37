resource "entramfa_user_mfa_states" "staff" {
  users = {
    "adele.vance@contoso.example"    = "enabled"
    "johanna.lorenz@contoso.example" = "enabled"
    "miriam.o'hara@contoso.example"  = "enabled"
  }
}

resource "entramfa_user_mfa_state" "grady" {
  user_principal_name = "grady.archie@contoso.example"
  state               = "enabled"
}

resource "entramfa_trusted_ips" "branch" {
  display_name = "Branch office"
  ip_ranges    = ["203.0.113.0/20"]
}

resource "entramfa_registration_policy" "everybody" {
  state   = "enabled"
  include = { all_users = true }
  exclude = { group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e02", "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] }
}
