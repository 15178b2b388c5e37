resource "entramfa_conditional_access_policy" "mfa" {
  display_name = "MFA for everybody, everywhere"
  state        = "enabled"

  conditions = {
    users        = { included_users = ["All"] }
    applications = { included_applications = ["All"] }
  }

  grant_controls = { built_in_controls = ["mfa"] }
}
