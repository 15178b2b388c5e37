terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] # break-glass accounts
  }
}

resource "entramfa_user_mfa_state" "diego" {
  user_principal_name = "diego.siciliani@contoso.example" # enforced already
  state               = "enforced"
  on_destroy          = "keep"
}

resource "entramfa_user_mfa_states" "staff" {
  allow_promotion = true
  on_destroy      = "keep"
  users = {
    "alex.wilber@contoso.example"  = "enabled"
    "grady.archie@contoso.example" = "enforced" # enforced already
  }
}
