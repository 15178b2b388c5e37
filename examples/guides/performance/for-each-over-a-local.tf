locals {
  # Worked out once. Written behind for_each, it would be worked out again for each instance.
  administrators = toset([
    for name in ["adele.vance", "alex.wilber"] : "${name}@contoso.example"
  ])
}

# A resource for each user, where each needs settings, dependencies or an address of its own.
resource "entramfa_user_mfa_state" "administrator" {
  for_each = local.administrators

  user_principal_name = each.key
  state               = "enabled"
}
