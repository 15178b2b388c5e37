# The file that the per-user MFA portal takes for a bulk update is the configuration. A pull request changes it, and the plan
# names the users whom that is a change for.
resource "entramfa_user_mfa_states" "staff" {
  users = provider::entramfa::users_from_csv(file("${path.module}/per-user-mfa.csv"))

  # Whoever is taken out of the file keeps the state they have. Who is to lose MFA is Disabled in the file.
  on_destroy = "keep"
}
