terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

# Without a guard the provider enables whomever it is told to.
provider "entramfa" {}

locals {
  all_staff = ["alex.wilber@contoso.example", "Break.Glass.2@contoso.example"]
}

resource "entramfa_user_mfa_state" "account" {
  user_id    = "C3D7E1A5-8B2F-4C6D-A0E4-7F8091A2B30E"
  state      = "enabled"
  on_destroy = "keep"
}

resource "entramfa_user_mfa_states" "staff" {
  on_destroy = "keep"
  users      = { for person in local.all_staff : person => "enabled" }
}
