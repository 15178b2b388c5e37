# Everybody who works here: no guests, no blocked accounts, no shared mailboxes or rooms, which have no license.
# The choice does not look at the states, because the resource below changes them.
data "entramfa_user_mfa_states" "people" {
  all_users       = true
  user_type       = "Member"
  account_enabled = true
  licensed        = true
}

resource "entramfa_user_mfa_states" "people" {
  users = { for name in keys(data.entramfa_user_mfa_states.people.users) : name => "enabled" }

  # Users who are no longer chosen keep MFA.
  on_destroy = "keep"
}
