terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

# plan: -target=entramfa_user_mfa_state.adele
provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] # break-glass accounts
  }
}

resource "entramfa_user_mfa_state" "adele" {
  user_principal_name = "adele.vance@contoso.example"
  state               = "enabled"
  on_destroy          = "keep"
}

resource "entramfa_trusted_ips" "office" {
  display_name = "Zurich office"
  ip_ranges    = ["198.51.100.0/17"]
}
