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

resource "entramfa_conditional_access_policy" "everybody" {
  display_name = "MFA for everybody"
  state        = "enabled"

  conditions = {
    users        = { included_users = ["All"], excluded_groups = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] }
    applications = { included_applications = ["All"] }
  }

  grant_controls = { built_in_controls = ["mfa"] }
}
