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

# Taken over anew after somebody took it out of the state: what the configuration leaves out stays as it is.
removed {
  from = entramfa_registration_policy.everybody
  lifecycle {
    destroy = false
  }
}

resource "entramfa_registration_policy" "again" {
  state   = "enabled"
  include = { all_users = true }
  exclude = { group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] }
}
