# Everybody in the group all-staff, members of nested groups included, is asked to set up
# the Authenticator app. Who puts it off is asked again after 3 days, and has to register
# after putting it off three times. The emergency access accounts are left out.
resource "entramfa_registration_policy" "this" {
  state = "enabled"

  include = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e01"]
  }
  exclude = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
  }

  authentication_method              = "microsoftAuthenticator"
  snooze_days                        = 3
  require_registration_after_snoozes = true
}
