# A report with columns and words of its own. What each word means is said here, and another one is an error.
resource "entramfa_user_mfa_states" "staff" {
  users = provider::entramfa::users_from_csv(filebase64("${path.module}/report.csv"), {
    user_column  = "E-Mail"
    state_column = "MFA"
    states = {
      "Ja"        = "enabled"
      "Nein"      = "disabled"
      "unbekannt" = null # leaves the row out
    }
  })
}
