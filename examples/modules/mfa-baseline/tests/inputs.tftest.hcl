# What the module refuses, each at plan.

provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
  }
}

variables {
  emergency_access_group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
}

run "good_inputs_are_accepted" {
  command = plan

  variables {
    trusted_locations = { "Zurich office" = ["198.51.100.0/25"] }
    registration      = { authentication_method = "fido2", snooze_days = 0 }
    per_user_mfa      = ["miriam.o'hara@contoso.example"]
  }
}

run "no_emergency_access_group" {
  command = plan

  variables {
    emergency_access_group_ids = []
  }

  expect_failures = [var.emergency_access_group_ids]
}

run "an_emergency_access_group_by_name" {
  command = plan

  variables {
    emergency_access_group_ids = ["break-glass accounts"]
  }

  expect_failures = [var.emergency_access_group_ids]
}

run "a_location_without_ranges" {
  command = plan

  variables {
    trusted_locations = { "Zurich office" = [] }
  }

  expect_failures = [var.trusted_locations]
}

run "a_slip_in_a_prefix_length" {
  command = plan

  variables {
    trusted_locations = { "Zurich office" = ["198.51.100.0/15"] }
  }

  expect_failures = [entramfa_trusted_ips.this["Zurich office"]]
}

run "a_limit_that_trusts_nothing" {
  command = plan

  variables {
    trusted_ipv4_addresses_at_most = 0
  }

  expect_failures = [var.trusted_ipv4_addresses_at_most]
}

run "a_policy_for_nobody" {
  command = plan

  variables {
    registration = { group_ids = [] }
  }

  expect_failures = [var.registration]
}

run "a_method_that_does_not_exist" {
  command = plan

  variables {
    registration = { authentication_method = "sms" }
  }

  expect_failures = [var.registration]
}

run "a_snooze_of_half_a_day" {
  command = plan

  variables {
    registration = { snooze_days = 0.5 }
  }

  expect_failures = [var.registration]
}

run "a_user_by_id" {
  command = plan

  variables {
    per_user_mfa = ["c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301"]
  }

  expect_failures = [var.per_user_mfa]
}

run "a_user_named_twice" {
  command = plan

  variables {
    per_user_mfa = ["adele.vance@contoso.example", "Adele.Vance@contoso.example"]
  }

  expect_failures = [var.per_user_mfa]
}
