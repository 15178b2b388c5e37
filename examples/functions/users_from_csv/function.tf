# The file for the bulk update of the per-user MFA portal, as it is.
resource "entramfa_user_mfa_states" "staff" {
  users = provider::entramfa::users_from_csv(file("${path.module}/per-user-mfa.csv"))

  # Whoever is taken out of the file keeps MFA. Who is to lose it is Disabled in the file.
  on_destroy = "keep"
}
