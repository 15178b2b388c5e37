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

# What two locations cover that one covered before is nothing new; 256 addresses and a network are.
resource "entramfa_trusted_ips" "zurich" {
  display_name = "Zurich"
  ip_ranges    = ["198.51.100.0/25", "198.51.100.128/25", "203.0.113.9/24"]
}

resource "entramfa_trusted_ips" "basel" {
  display_name = "Basel"
  ip_ranges    = ["192.0.2.0/24", "198.51.101.0/24", "2001:db8:b0::/64"]
}
