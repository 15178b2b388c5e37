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

# Alex is written by object id and stays, as does Lee, who never had MFA. Megan is taken out, Diego moves to disabled.
resource "entramfa_user_mfa_states" "staff" {
  users = {
    "Adele.Vance@contoso.example"          = "enabled"
    "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b302" = "enabled"
    "diego.siciliani@contoso.example"      = "disabled"
    "lee.gu@contoso.example"               = "disabled"
  }
}

module "desk" {
  source = "./desk"
  users  = []
  state  = "enabled"
}

resource "entramfa_user_mfa_state" "lead" {
  user_principal_name = "patti.fernandez@contoso.example"
  state               = "enabled"
}
