# Applies the module to the emulator's sample tenant, step by step, and destroys what it has made.

provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
  }
}

variables {
  emergency_access_group_id = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"
}

run "without_further_inputs_nothing_is_enforced" {
  assert {
    condition     = toset(values(output.policy_states)) == toset(["disabled", "enabledForReportingButNotEnforced"])
    error_message = "A policy is in force that nobody has switched on."
  }

  assert {
    condition     = toset([for key, state in output.policy_states : key if state == "disabled"]) == toset(["protect_registration", "block_registration_of_guests"])
    error_message = "Of the policies, those about user actions alone begin as disabled: report-only does not evaluate them."
  }

  assert {
    condition     = length(output.policy_ids) == 8 && alltrue([for id in values(output.policy_ids) : can(regex("^[0-9a-f-]{36}$", id))])
    error_message = "There should be eight policies: none about risk without P2, and none that closes registration."
  }

  assert {
    condition     = alltrue([for policy in entramfa_conditional_access_policy.this : contains(policy.conditions.users.excluded_groups, "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03")])
    error_message = "A policy does not exclude the emergency access accounts."
  }

  assert {
    condition     = length(entramfa_conditional_access_policy.this["phishing_resistant_mfa_for_administrators"].conditions.users.included_roles) == 14
    error_message = "Microsoft's template for administrators has 14 roles."
  }
}

run "the_whole_baseline_in_force" {
  variables {
    mfa_for_everybody                         = "enabled"
    phishing_resistant_mfa_for_administrators = "enabled"
    mfa_for_guests                            = "enabled"
    block_legacy_authentication               = "enabled"
    block_device_code_flow                    = "enabled"
    limit_sign_in_frequency                   = "enabled"
    protect_registration                      = "enabled"
    block_registration_of_guests              = "enabled"
    mfa_for_risky_sign_ins                    = "enabled"
    password_change_for_risky_users           = "enabled"
    has_p2                                    = true
    pilot_group_ids                           = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e02"]
    close_registration                        = { group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e02"], state = "enabled" }
    excluded_group_ids                        = { block_device_code_flow = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e02"] }
    trusted_location_ids                      = ["e5f9a3c7-4b2d-4e6f-8c80-2b3c4d5e6f01"]
  }

  assert {
    condition     = length(output.policy_states) == 11 && toset(values(output.policy_states)) == toset(["enabled"])
    error_message = "There should be eleven policies, all in force."
  }

  assert {
    condition     = entramfa_conditional_access_policy.this["protect_registration"].conditions.users.included_groups == toset(["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e02"]) && entramfa_conditional_access_policy.this["protect_registration"].conditions.users.included_users == null
    error_message = "The protection of registration should be tried on the pilot group alone."
  }

  assert {
    condition     = alltrue([for policy in entramfa_conditional_access_policy.this : contains(policy.conditions.users.excluded_groups, "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03")]) && length(entramfa_conditional_access_policy.this["block_device_code_flow"].conditions.users.excluded_groups) == 2
    error_message = "Further exclusions should not take the place of the emergency access accounts."
  }
}
