# Applies the module to the emulator's sample tenant, step by step, and destroys what it has made.

provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
  }
}

variables {
  emergency_access_group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
}

run "the_smallest_baseline" {
  assert {
    condition     = entramfa_registration_policy.this.include.all_users && entramfa_registration_policy.this.require_registration_after_snoozes
    error_message = "Without further inputs everybody has to register."
  }

  assert {
    condition     = entramfa_registration_policy.this.exclude.group_ids == toset(["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"])
    error_message = "The emergency access accounts are not excluded."
  }

  assert {
    condition     = length(output.trusted_location_ids) == 0 && length(output.awaiting_registration) == 0
    error_message = "Something is trusted, or somebody managed, that was not asked for."
  }
}

run "the_plan_of_an_office_says_how_much_it_trusts" {
  command = plan

  variables {
    trusted_locations = { "Zurich office" = ["198.51.100.0/25", "198.51.100.128/25", "2001:db8:a11:100::/56"] }
  }

  assert {
    condition     = output.trusted_ipv4_addresses["Zurich office"] == 256
    error_message = "Two halves of a /24 are 256 addresses, and a plan knows that."
  }
}

run "an_office_and_its_people" {
  variables {
    trusted_locations = { "Zurich office" = ["198.51.100.0/25"] }
    per_user_mfa      = ["adele.vance@contoso.example", "alex.wilber@contoso.example"]
  }

  assert {
    condition     = can(regex("^[0-9a-f-]{36}$", output.trusted_location_ids["Zurich office"]))
    error_message = "The location has no id."
  }

  # Alex has registered Microsoft Authenticator already, so the service has promoted him.
  assert {
    condition     = output.awaiting_registration == tolist(["adele.vance@contoso.example"])
    error_message = "Adele has yet to register, and she alone."
  }
}

run "the_same_office_spelled_otherwise_is_the_same" {
  command = plan

  variables {
    trusted_locations = { "Zurich office" = ["198.51.100.77/25"] }
    per_user_mfa      = ["adele.vance@contoso.example", "alex.wilber@contoso.example"]
  }

  assert {
    condition     = entramfa_trusted_ips.this["Zurich office"].ip_ranges == tolist(["198.51.100.0/25"])
    error_message = "Another spelling of the same range is planned as a change."
  }
}

run "the_policy_is_narrowed_to_a_group" {
  variables {
    registration = { group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e02"], snooze_days = 14, required = false }
  }

  assert {
    condition     = entramfa_registration_policy.this.include.all_users == null && length(entramfa_registration_policy.this.include.group_ids) == 1
    error_message = "Somebody outside of the group is asked."
  }

  assert {
    condition     = length(output.trusted_location_ids) == 0
    error_message = "The office is still trusted."
  }
}
