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

resource "entramfa_trusted_ips" "overlapping" {
  display_name = "Overlapping"
  ip_ranges    = ["198.51.100.0/24", "198.51.100.7", "198.51.101.255/24", "203.0.113.1", "203.0.113.3/31", "2001:db8::/60", "2001:DB8:0:3::/64", "2001:db8:0:ff::1", "2001:db8:0:ff:8000::/80", "2001:db8:1::/33"]
}

resource "entramfa_trusted_ips" "single" {
  display_name = "Single"
  ip_ranges    = ["192.0.2.1", "2001:db8:ffff:0:1::/66"]
}
