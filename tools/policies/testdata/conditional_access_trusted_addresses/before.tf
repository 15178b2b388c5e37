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

resource "entramfa_trusted_ips" "offices" {
  display_name = "Offices"
  ip_ranges    = ["198.18.0.0/24", "198.18.1.0/24", "198.18.2.0/24", "198.18.3.0/24", "198.18.4.0/24"]
}
