resource "entramfa_user_mfa_states" "staff" {
  users           = provider::entramfa::users_from_csv(file("${path.module}/per-user-mfa.csv"), "enforced")
  allow_promotion = true
}
