terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] # break-glass accounts
  }
}

# One account stays as it is, under management; the other is not named.
resource "entramfa_user_mfa_state" "account" {
  user_principal_name = "break.glass.1@contoso.example"
  state               = "disabled"
  on_destroy          = "keep"
}

resource "entramfa_user_mfa_states" "staff" {
  on_destroy = "keep"
  users = {
    "alex.wilber@contoso.example" = "enabled"
  }
}
