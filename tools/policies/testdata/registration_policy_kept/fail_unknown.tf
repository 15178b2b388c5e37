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

resource "terraform_data" "made_later" {
  input = {
    group = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e02"
    days  = 14
  }
}

resource "entramfa_registration_policy" "everybody" {
  state   = "enabled"
  include = { group_ids = [terraform_data.made_later.output.group] }
  exclude = { group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] }

  snooze_days                        = terraform_data.made_later.output.days
  require_registration_after_snoozes = true
}
