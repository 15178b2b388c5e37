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

# One range of a location that somebody else owns.
resource "entramfa_trusted_ip_range" "office" {
  location_id = "e5f9a3c7-4b2d-4e6f-8c80-2b3c4d5e6f01" # Headquarters
  ip_range    = "198.51.100.7/17"
}
