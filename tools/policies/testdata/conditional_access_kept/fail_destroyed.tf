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

