# Who signs in, and to which tenant, comes from the environment: ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET.
provider "entramfa" {
  # No resource may ask these accounts for MFA. A plan that would is refused.
  emergency_access = {
    group_ids = [var.break_glass_group_id]
  }
}

# What the office sends from. Conditional Access policies can ask for less from there, or exempt it.
resource "entramfa_trusted_ips" "office" {
  display_name = var.office_name
  ip_ranges    = var.office_ip_ranges
}

# Everybody is asked to set up Microsoft Authenticator at sign-in, may put it off three times, and has to then.
resource "entramfa_registration_policy" "everybody" {
  state                              = "enabled"
  include                            = { all_users = true }
  exclude                            = { group_ids = [var.break_glass_group_id] }
  authentication_method              = "microsoftAuthenticator"
  snooze_days                        = 1
  require_registration_after_snoozes = true

  # The campaign of a new tenant asks everybody. A destroy gives that back, but never asks the emergency access accounts.
  on_destroy = "give_back_excluding_emergency_access"
}

# Per-user MFA. Who leaves the list goes back to disabled, and the plan warns of it by name.
resource "entramfa_user_mfa_state" "staff" {
  for_each = var.staff

  user_principal_name = each.key
  state               = "enabled"
}

# Trust adds up, and not everybody who adds to it uses this configuration. The data source stands outside of the check: one
# inside would be in every plan, and plan -detailed-exitcode would never find that nothing has changed.
data "entramfa_trusted_ip_ranges" "tenant" {
  depends_on = [entramfa_trusted_ips.office]
}

check "trust_stays_small" {
  assert {
    condition = data.entramfa_trusted_ip_ranges.tenant.address_count_ipv4 <= var.trusted_ipv4_addresses_at_most
    error_message = format(
      "The tenant trusts %d IPv4 addresses, in these locations: %s. At most %d are expected.",
      data.entramfa_trusted_ip_ranges.tenant.address_count_ipv4,
      join(", ", data.entramfa_trusted_ip_ranges.tenant.locations[*].display_name),
      var.trusted_ipv4_addresses_at_most,
    )
  }
}
