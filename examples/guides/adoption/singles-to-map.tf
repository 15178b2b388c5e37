# Terraform forgets the singles and leaves the users as they are.
removed {
  from = entramfa_user_mfa_state.staff

  lifecycle {
    destroy = false
  }
}

# The map takes the same users over, with the same states, in the same apply.
resource "entramfa_user_mfa_states" "staff" {
  users = {
    "adele.vance@contoso.example"     = "enabled"
    "megan.bowen@contoso.example"     = "enabled"
    "diego.siciliani@contoso.example" = "enabled"
  }
}
