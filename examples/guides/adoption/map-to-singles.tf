removed {
  from = entramfa_user_mfa_states.staff

  lifecycle {
    destroy = false
  }
}

resource "entramfa_user_mfa_state" "staff" {
  for_each = toset(["adele.vance@contoso.example", "megan.bowen@contoso.example", "diego.siciliani@contoso.example"])

  user_principal_name = each.key
  state               = "enabled"
}
