# What the module refuses, each at plan.

provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
  }
}

variables {
  emergency_access_group_id = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"
}

run "everything_can_be_left_out" {
  command = plan

  variables {
    mfa_for_everybody                         = null
    phishing_resistant_mfa_for_administrators = null
    mfa_for_guests                            = null
    block_legacy_authentication               = null
    block_device_code_flow                    = null
    limit_sign_in_frequency                   = null
    protect_registration                      = null
    block_registration_of_guests              = null
  }

  assert {
    condition     = length(entramfa_conditional_access_policy.this) == 0
    error_message = "A policy is there that was left out, or one about risk without P2."
  }
}

run "an_emergency_access_group_by_name" {
  command = plan

  variables {
    emergency_access_group_id = "break-glass accounts"
  }

  expect_failures = [var.emergency_access_group_id]
}

run "a_state_that_does_not_exist" {
  command = plan

  variables {
    mfa_for_everybody                         = "report_only"
    phishing_resistant_mfa_for_administrators = "on"
    mfa_for_guests                            = "Enabled"
    block_legacy_authentication               = ""
    block_device_code_flow                    = "off"
    limit_sign_in_frequency                   = "true"
    mfa_for_risky_sign_ins                    = "report-only"
    password_change_for_risky_users           = "audit"
  }

  expect_failures = [
    var.mfa_for_everybody, var.phishing_resistant_mfa_for_administrators, var.mfa_for_guests, var.block_legacy_authentication,
    var.block_device_code_flow, var.limit_sign_in_frequency, var.mfa_for_risky_sign_ins, var.password_change_for_risky_users,
  ]
}

run "user_actions_in_report_only" {
  command = plan

  variables {
    protect_registration         = "enabledForReportingButNotEnforced"
    block_registration_of_guests = "enabledForReportingButNotEnforced"
    close_registration           = { group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e02"], state = "enabledForReportingButNotEnforced" }
  }

  expect_failures = [var.protect_registration, var.block_registration_of_guests, var.close_registration]
}

run "groups_locations_and_roles_by_name" {
  command = plan

  variables {
    close_registration     = { group_ids = [] }
    pilot_group_ids        = ["engineering"]
    trusted_location_ids   = ["Headquarters"]
    administrator_role_ids = ["Global Administrator"]
    excluded_group_ids     = { mfa_for_everyone = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e02"] }
    sign_in_frequency      = { value = 0.5, period = "days" }
  }

  expect_failures = [
    var.close_registration, var.pilot_group_ids, var.trusted_location_ids, var.administrator_role_ids, var.excluded_group_ids, var.sign_in_frequency,
  ]
}

run "an_excluded_group_by_name" {
  command = plan

  variables {
    excluded_group_ids = { mfa_for_everybody = ["engineering"] }
  }

  expect_failures = [var.excluded_group_ids]
}
