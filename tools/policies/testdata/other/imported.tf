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

import {
  to = entramfa_user_mfa_state.grady
  id = "grady.archie@contoso.example"
}

resource "entramfa_user_mfa_state" "grady" {
  user_principal_name = "grady.archie@contoso.example"
  state               = "enabled" # satisfied by enforced, which he is
  on_destroy          = "disable"
}

import {
  to = entramfa_trusted_ips.headquarters
  id = "e5f9a3c7-4b2d-4e6f-8c80-2b3c4d5e6f01"
}

resource "entramfa_trusted_ips" "headquarters" {
  display_name = "Headquarters"
  ip_ranges    = ["203.0.113.0/24", "2001:db8:5a5a::/48", "198.51.100.0/22"]
}
