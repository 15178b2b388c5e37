terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

# Where the tenant is and who signs in comes from the environment.
provider "entramfa" {
  emergency_access = {
    user_principal_names = ["break.glass.1@contoso.example", "break.glass.2@contoso.example"]
  }
}

resource "entramfa_user_mfa_state" "adele" {
  user_principal_name = "adele.vance@contoso.example"
  state               = "enabled"
}

resource "entramfa_user_mfa_state" "alex" {
  user_principal_name = "alex.wilber@contoso.example"
  state               = "enabled"
}
