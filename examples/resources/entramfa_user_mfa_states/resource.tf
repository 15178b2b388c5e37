locals {
  staff = [
    "adele.vance@contoso.example",
    "alex.wilber@contoso.example",
    "miriam.o'hara@contoso.example",
  ]
}

# The staff has to register a method at the next sign-in. Whoever has one already, as Alex, is promoted
# to "enforced" by the service, which satisfies "enabled": the plan stays empty.
resource "entramfa_user_mfa_states" "staff" {
  users = merge(
    { for name in local.staff : name => "enabled" },
    # Johanna is covered by Conditional Access; a guest is named by object id.
    {
      "johanna.lorenz@contoso.example"       = "disabled"
      "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b30a" = "enabled"
    },
  )

  # Whoever is taken out of users keeps MFA.
  on_destroy = "keep"
}

output "not_registered_yet" {
  value = [for user, state in entramfa_user_mfa_states.staff.effective_states : user if state == "enabled"]
}
