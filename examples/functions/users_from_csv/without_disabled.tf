# Only those who have MFA; the others stay as they are, whoever changes them.
resource "entramfa_user_mfa_states" "staff" {
  users = {
    for user, state in provider::entramfa::users_from_csv(file("${path.module}/per-user-mfa.csv")) :
    user => state if state != "disabled"
  }
}
