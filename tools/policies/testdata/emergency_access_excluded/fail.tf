terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

variable "break_glass_group_ids" {
  type    = set(string)
  default = []
}

provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
  }
}

# Another provider block than that with the guard, and its variable is empty.
provider "entramfa" {
  alias = "unguarded"
  emergency_access = {
    group_ids = var.break_glass_group_ids
  }
}

module "campaign" {
  source    = "./campaign"
  providers = { entramfa = entramfa.unguarded }
}
