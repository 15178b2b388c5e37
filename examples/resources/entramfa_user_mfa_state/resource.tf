# Adele has to register a method at the next sign-in. The service then moves her to "enforced",
# which satisfies "enabled": the plan stays empty.
resource "entramfa_user_mfa_state" "adele" {
  user_principal_name = "adele.vance@contoso.example"
  state               = "enabled"
}

# By object id, as other resources give it. A destroy leaves this user alone.
resource "entramfa_user_mfa_state" "guest" {
  user_id    = "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b30a"
  state      = "enabled"
  on_destroy = "keep"
}

# Alex has registered a method, so "enforced" may be asked for, with the opt-in.
resource "entramfa_user_mfa_state" "alex" {
  user_principal_name = "alex.wilber@contoso.example"
  state               = "enforced"
  allow_promotion     = true
}

# Covered by Conditional Access: per-user MFA stays off.
resource "entramfa_user_mfa_state" "johanna" {
  user_principal_name = "johanna.lorenz@contoso.example"
  state               = "disabled"
}
