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

resource "terraform_data" "made_later" {
  input = "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b30e" # a break-glass account, which no plan shows here
}

resource "entramfa_user_mfa_state" "somebody" {
  user_id    = terraform_data.made_later.output
  state      = "enabled"
  on_destroy = "keep"
}
