# One resource for everybody: read and written in batches, and quick to plan.
resource "entramfa_user_mfa_states" "staff" {
  users = {
    for user in csvdecode(local.staff_csv) : user.name => user.state
  }
}

locals {
  staff_csv = <<-EOT
    name,state
    adele.vance@contoso.example,enabled
    alex.wilber@contoso.example,enabled
    johanna.lorenz@contoso.example,disabled
  EOT
}
