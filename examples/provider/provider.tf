terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

# In CI: workload identity federation, no secret anywhere.
# Tenant and application come from ARM_TENANT_ID and ARM_CLIENT_ID.
provider "entramfa" {
  use_oidc = true

  # Accounts that no configuration may ask for MFA.
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
  }
}
