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

resource "entramfa_user_mfa_states" "staff" {
  users = {
    "adele.vance@contoso.example"     = "enabled"
    "alex.wilber@contoso.example"     = "enabled"
    "diego.siciliani@contoso.example" = "enabled"
    "lee.gu@contoso.example"          = "disabled"
    "megan.bowen@contoso.example"     = "enabled"
  }
}

module "desk" {
  source = "./desk"
  users  = ["grady.archie@contoso.example", "isaiah.langer@contoso.example", "johanna.lorenz@contoso.example"]
  state  = "enabled"
}

resource "entramfa_user_mfa_state" "lead" {
  user_principal_name = "patti.fernandez@contoso.example"
  state               = "enabled"
}
