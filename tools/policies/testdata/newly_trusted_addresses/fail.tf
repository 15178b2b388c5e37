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

resource "entramfa_trusted_ips" "office" {
  display_name = "Zurich office"
  ip_ranges    = ["198.51.100.0/24", "203.0.113.0/24", "192.0.2.0/24", "198.51.101.0/24", "2001:db8:a0::/48", "2001:db8:a1::/48"]
}

resource "entramfa_trusted_ips" "basel" {
  display_name = "Basel"
  ip_ranges    = ["198.51.101.0/24", "198.51.102.0/24", "198.51.103.1", "2001:db8:b0::/64"]
}
