# MFA for everybody outside of trusted locations. Emergency access accounts are left out.
resource "entramfa_conditional_access_policy" "mfa" {
  display_name = "MFA for everybody outside trusted locations"
  state        = "enabled"

  conditions = {
    users = {
      included_users  = ["All"]
      excluded_groups = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] # break-glass
    }
    applications = { included_applications = ["All"] }
    locations = {
      included_locations = ["All"]
      excluded_locations = ["AllTrusted"]
    }
  }
  grant_controls = { built_in_controls = ["mfa"] }
}

# A new policy starts in report-only: the sign-in logs show what it would have done.
resource "entramfa_conditional_access_policy" "legacy" {
  display_name = "Block legacy authentication"
  state        = "enabledForReportingButNotEnforced"

  conditions = {
    users = {
      included_users  = ["All"]
      excluded_groups = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
    }
    applications     = { included_applications = ["All"] }
    client_app_types = ["exchangeActiveSync", "other"]
  }
  grant_controls = { built_in_controls = ["block"] }
}
