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

moved {
  from = entramfa_registration_policy.everybody
  to   = entramfa_registration_policy.pilot
}

resource "entramfa_registration_policy" "pilot" {
  state   = "enabled"
  include = { group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e02"] }
  exclude = { group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] }

  snooze_days                        = 1
  require_registration_after_snoozes = true
}
