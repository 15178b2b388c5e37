provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
  }
}

resource "entramfa_conditional_access_policy" "protect_registration" {
  display_name = "Protect registration of security information"
  state        = "enabledForReportingButNotEnforced"

  conditions = {
    users = {
      included_users  = ["All"]
      excluded_users  = ["GuestsOrExternalUsers"]
      excluded_groups = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
    }
    applications = { included_user_actions = ["urn:user:registersecurityinfo"] }
    locations    = { included_locations = ["All"], excluded_locations = ["AllTrusted"] }
  }

  grant_controls = { built_in_controls = ["mfa", "compliantDevice", "domainJoinedDevice"] }
}
