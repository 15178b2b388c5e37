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

moved {
  from = entramfa_trusted_ips.office
  to   = entramfa_trusted_ips.new["a.b"]
}

resource "entramfa_trusted_ips" "new" {
  for_each     = toset(["a.b"])
  display_name = "Zurich office"
  ip_ranges    = ["198.51.100.0/17"]
}
