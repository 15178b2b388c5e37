terraform {
  required_providers {
    entramfa = { source = "mfa-as-code/entramfa" }
  }
}

resource "entramfa_user_mfa_state" "this" {
  user_principal_name = "diego.siciliani@contoso.example"
  state               = "enforced"
}

resource "entramfa_user_mfa_states" "this" {
  users = {
    "megan.bowen@contoso.example"          = "enabled"
    "22222222-bbbb-4bbb-8bbb-000000000001" = "disabled"
  }
}

resource "entramfa_registration_policy" "this" {
  state = "microsoft_managed"
}

resource "entramfa_trusted_ips" "this" {
  display_name = "Branch"
  ip_ranges    = ["198.51.100.0/25", "2001:db8:b::/48"]
}
