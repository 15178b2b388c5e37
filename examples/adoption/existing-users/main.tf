# Who signs in, and to which tenant, comes from the environment: ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET.
provider "entramfa" {}

locals {
  # Object ids by user principal name: those on record, or for as long as there is no record, those who have per-user MFA now.
  recorded = fileexists("${path.root}/users.json")
  users    = local.recorded ? tomap(jsondecode(file("${path.root}/users.json"))) : data.entramfa_user_mfa_states.existing[0].object_ids
}

data "entramfa_user_mfa_states" "existing" {
  count = local.recorded ? 0 : 1

  all_users = var.group_id == null ? true : null
  group_id  = var.group_id
  states    = ["enabled", "enforced"]
}

# Once applied, this block can go.
import {
  for_each = local.users

  to = entramfa_user_mfa_state.existing[each.key]
  id = each.value
}

resource "entramfa_user_mfa_state" "existing" {
  for_each = local.users

  user_id = each.value
  # Whoever is enforced satisfies enabled, so that nobody is changed.
  state = "enabled"
}
