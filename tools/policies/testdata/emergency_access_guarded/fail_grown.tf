terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

# All staff in the guard is the reason that the campaign has to exclude them.
provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03", "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e01"]
  }
}

resource "entramfa_registration_policy" "everybody" {
  state   = "enabled"
  include = { all_users = true }
  exclude = { group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03", "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e01"] }
}
