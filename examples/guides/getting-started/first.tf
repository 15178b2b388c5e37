terraform {
  required_providers {
    entramfa = { source = "mfa-as-code/entramfa" }
  }
}

provider "entramfa" {
  # The accounts that have to get in when MFA does not work. No resource may ask them for MFA.
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
  }
}

# One user first. She registers a method at her next sign-in.
resource "entramfa_user_mfa_state" "adele" {
  user_principal_name = "adele.vance@contoso.example"
  state               = "enabled"
}
