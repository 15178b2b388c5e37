resource "entramfa_trusted_ips" "this" {
  for_each = var.trusted_locations

  display_name = each.key
  ip_ranges    = each.value

  lifecycle {
    # The count is known at plan, so a slip in a prefix length stops here.
    postcondition {
      condition     = self.address_count_ipv4 <= var.trusted_ipv4_addresses_at_most
      error_message = "${self.display_name} would trust ${self.address_count_ipv4} IPv4 addresses, and at most ${var.trusted_ipv4_addresses_at_most} are allowed. Check the prefix lengths, or raise trusted_ipv4_addresses_at_most."
    }
  }
}

resource "entramfa_registration_policy" "this" {
  state = "enabled"

  include = {
    all_users = var.registration.group_ids == null ? true : null
    group_ids = var.registration.group_ids
  }

  exclude = {
    group_ids = var.emergency_access_group_ids
  }

  authentication_method              = var.registration.authentication_method
  snooze_days                        = var.registration.snooze_days
  require_registration_after_snoozes = var.registration.required

  # The campaign of a new tenant asks everybody. A destroy gives that back, but never asks the emergency access accounts.
  on_destroy = "give_back_excluding_emergency_access"
}

resource "entramfa_user_mfa_state" "this" {
  for_each = var.per_user_mfa

  user_principal_name = each.key
  state               = "enabled"
}
