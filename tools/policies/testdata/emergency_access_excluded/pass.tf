terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

variable "break_glass_group_id" {
  type    = string
  default = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"
}

provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] # break-glass accounts
  }
}

module "campaign" {
  source = "./campaign"
  group  = var.break_glass_group_id
}
