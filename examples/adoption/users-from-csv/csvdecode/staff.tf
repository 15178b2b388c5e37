# The same without the function, for Terraform before 1.8. csvdecode reads commas only, and rows that are right.
resource "entramfa_user_mfa_states" "staff" {
  users = {
    for row in csvdecode(file("${path.module}/per-user-mfa.csv")) :
    row["Username"] => lower(row["MFA Status"]) == "enforced" ? "enabled" : lower(row["MFA Status"])
  }

  on_destroy = "keep"
}
