locals {
  all_apps              = { included_applications = ["All"] }
  registration          = { included_user_actions = ["urn:user:registersecurityinfo"] }
  outside_trusted       = { included_locations = ["All"], excluded_locations = var.trusted_location_ids }
  mfa                   = { built_in_controls = ["mfa"] }
  block                 = { built_in_controls = ["block"] }
  every_time            = { sign_in_frequency_interval = "everyTime" }
  phishing_resistant_id = "00000000-0000-0000-0000-000000000004" # built in, the same in every tenant

  policies = {
    mfa_for_everybody = {
      state       = var.mfa_for_everybody
      name        = "MFA for everybody"
      description = "Requires MFA of all users for all apps."
      users       = { included_users = ["All"] }
      conditions  = { applications = local.all_apps }
      grant       = local.mfa
      session     = null
    }

    phishing_resistant_mfa_for_administrators = {
      state       = var.phishing_resistant_mfa_for_administrators
      name        = "Phishing-resistant MFA for administrators"
      description = "Requires phishing-resistant MFA of users with a privileged role."
      users       = { included_roles = var.administrator_role_ids }
      conditions  = { applications = local.all_apps }
      grant       = { authentication_strength_policy_id = local.phishing_resistant_id }
      session     = null
    }

    # mfa and not a strength: guests who sign in by one-time passcode or by SAML cannot satisfy a strength.
    mfa_for_guests = {
      state       = var.mfa_for_guests
      name        = "MFA for guests"
      description = "Requires MFA of guests and external users."
      users       = { included_users = ["GuestsOrExternalUsers"] }
      conditions  = { applications = local.all_apps }
      grant       = local.mfa
      session     = null
    }

    block_legacy_authentication = {
      state       = var.block_legacy_authentication
      name        = "Block legacy authentication"
      description = "Blocks clients that cannot do MFA."
      users       = { included_users = ["All"] }
      conditions  = { applications = local.all_apps, client_app_types = ["exchangeActiveSync", "other"] }
      grant       = local.block
      session     = null
    }

    block_device_code_flow = {
      state       = var.block_device_code_flow
      name        = "Block device code flow"
      description = "Blocks sign-ins that are handed over by a device code."
      users       = { included_users = ["All"] }
      conditions  = { applications = local.all_apps, authentication_flow_transfer_methods = ["deviceCodeFlow"] }
      grant       = local.block
      session     = null
    }

    limit_sign_in_frequency = {
      state       = var.limit_sign_in_frequency
      name        = "Sign-in frequency"
      description = "Makes all users sign in again after a time, in place of remembering MFA on trusted devices."
      users       = { included_users = ["All"] }
      conditions  = { applications = local.all_apps }
      grant       = null
      session     = { sign_in_frequency = var.sign_in_frequency.value, sign_in_frequency_period = var.sign_in_frequency.period }
    }

    mfa_for_risky_sign_ins = {
      state       = var.has_p2 ? var.mfa_for_risky_sign_ins : null
      name        = "MFA for risky sign-ins"
      description = "Requires MFA of sign-ins with a medium or high risk, each time."
      users       = { included_users = ["All"] }
      conditions  = { applications = local.all_apps, sign_in_risk_levels = ["medium", "high"] }
      grant       = local.mfa
      session     = local.every_time
    }

    password_change_for_risky_users = {
      state       = var.has_p2 ? var.password_change_for_risky_users : null
      name        = "Password change for risky users"
      description = "Requires MFA and a new password of users with a high risk."
      users       = { included_users = ["All"] }
      conditions  = { applications = local.all_apps, user_risk_levels = ["high"] }
      grant       = { operator = "AND", built_in_controls = ["mfa", "passwordChange"] }
      session     = local.every_time
    }

    protect_registration = {
      state       = var.protect_registration
      name        = "Protect registration of security information"
      description = "Outside trusted places, registering needs MFA, a Temporary Access Pass, or a compliant or hybrid joined device."
      users = merge({ excluded_users = ["GuestsOrExternalUsers"] },
        length(var.pilot_group_ids) == 0 ? { included_users = toset(["All"]), included_groups = null } : { included_users = null, included_groups = var.pilot_group_ids },
      )
      conditions = { applications = local.registration, locations = local.outside_trusted }
      grant      = { built_in_controls = ["mfa", "compliantDevice", "domainJoinedDevice"] }
      session    = null
    }

    block_registration_of_guests = {
      state       = var.block_registration_of_guests
      name        = "Block registration of guests outside trusted places"
      description = "Guests register security information from trusted places only."
      users       = { included_users = ["GuestsOrExternalUsers"] }
      conditions  = { applications = local.registration, locations = local.outside_trusted }
      grant       = local.block
      session     = null
    }

    close_registration = {
      state       = try(var.close_registration.state, null)
      name        = "Registration closed"
      description = "People of these groups can no longer register security information by themselves."
      users       = { included_groups = try(var.close_registration.group_ids, null) }
      conditions  = { applications = local.registration }
      grant       = local.block
      session     = null
    }
  }
}

resource "entramfa_conditional_access_policy" "this" {
  for_each = { for key, policy in local.policies : key => policy if policy.state != null }

  display_name = "${var.name_prefix}${each.value.name}"
  description  = each.value.description
  state        = each.value.state

  conditions = merge(each.value.conditions, {
    # The exclusion stands here, once, so that no policy can lack it.
    users = merge(each.value.users, {
      excluded_groups = setunion([var.emergency_access_group_id], lookup(var.excluded_group_ids, each.key, []))
    })
  })

  grant_controls   = each.value.grant
  session_controls = each.value.session
}
