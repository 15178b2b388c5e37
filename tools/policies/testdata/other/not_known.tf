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

# Made by the same apply, as a group or a network of another provider would be.
resource "terraform_data" "made_later" {
  input = {
    range = "198.51.100.0/24"
    state = "enabled"
    group = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"
    what  = "keep"
  }
}

resource "entramfa_trusted_ips" "office" {
  display_name = "Zurich office"
  ip_ranges    = ["203.0.113.0/24", terraform_data.made_later.output.range]
}

resource "entramfa_user_mfa_state" "adele" {
  user_principal_name = "adele.vance@contoso.example"
  state               = terraform_data.made_later.output.state
  on_destroy          = terraform_data.made_later.output.what
}

resource "entramfa_user_mfa_states" "staff" {
  on_destroy = "keep"
  users = {
    "alex.wilber@contoso.example" = "enabled"
    "megan.bowen@contoso.example" = terraform_data.made_later.output.state
  }
}

resource "entramfa_registration_policy" "everybody" {
  state   = "enabled"
  include = { all_users = true }
  exclude = { group_ids = [terraform_data.made_later.output.group] }
}
