# Who signs in, and to which tenant, comes from the environment: ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET.
provider "entramfa" {
  # A stage that asks one of these accounts is refused at plan, also where the account is in one of its groups.
  emergency_access = {
    group_ids = [var.emergency_access_group_id]
  }
}

locals {
  everybody = var.stage == "everybody"
  groups    = merge(var.pilot_groups, var.stage == "pilot" ? {} : var.department_groups)
}

resource "entramfa_registration_policy" "rollout" {
  state = "enabled"

  include = {
    all_users = local.everybody ? true : null
    group_ids = local.everybody ? null : values(local.groups)
  }

  exclude = {
    group_ids = [var.emergency_access_group_id]
  }

  authentication_method = "microsoftAuthenticator"

  # The pilot may put it off as often as it likes; from then on three times are enough.
  snooze_days                        = var.stage == "pilot" ? 3 : 1
  require_registration_after_snoozes = var.stage != "pilot"

  # The campaign of a new tenant asks everybody. A destroy gives that back, but never asks the emergency access accounts.
  on_destroy = "give_back_excluding_emergency_access"
}
