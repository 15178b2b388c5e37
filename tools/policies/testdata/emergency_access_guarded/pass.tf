terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

variable "group" {
  type    = string
  default = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"
}

provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] # break-glass accounts
  }
}

# Nothing here asks anybody.
provider "entramfa" {
  alias = "locations"
}

resource "entramfa_trusted_ips" "office" {
  provider     = entramfa.locations
  display_name = "Zurich office"
  ip_ranges    = ["198.51.100.0/24"]
}

module "campaign" {
  source = "./campaign"
  group  = var.group
}
