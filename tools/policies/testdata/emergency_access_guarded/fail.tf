terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

variable "break_glass" {
  type    = object({ group_ids = set(string) })
  default = null
}

locals {
  guard = null
}

provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] # break-glass accounts
  }
}

# Other provider blocks than that with the guard, of a variable and of a local that are both null, and one without any.
provider "entramfa" {
  alias            = "variable"
  emergency_access = var.break_glass
}

provider "entramfa" {
  alias            = "local"
  emergency_access = local.guard
}

provider "entramfa" {
  alias            = "expression"
  emergency_access = jsondecode("null")
}

module "campaign" {
  source    = "./campaign"
  providers = { entramfa = entramfa.variable }
  group     = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"
}

module "desk" {
  source = "./own_provider"
}

resource "entramfa_user_mfa_state" "staff" {
  for_each = toset(["megan.bowen@contoso.example", "adele.vance@contoso.example"])

  provider            = entramfa.local
  user_principal_name = each.key
  state               = "enabled"
  on_destroy          = "keep"
}

resource "entramfa_user_mfa_state" "lead" {
  provider            = entramfa.expression
  user_principal_name = "patti.fernandez@contoso.example"
  state               = "enabled"
  on_destroy          = "keep"
}
