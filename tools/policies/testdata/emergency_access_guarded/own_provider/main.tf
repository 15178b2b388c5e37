terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

# A module with a provider block of its own is not guarded by that of the root module.
provider "entramfa" {}

resource "entramfa_user_mfa_states" "desk" {
  on_destroy = "keep"
  users      = { "alex.wilber@contoso.example" = "enabled" }
}
