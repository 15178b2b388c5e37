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

# What msgraph_update_resource has in it, in a resource of the CLI itself.
resource "terraform_data" "campaign" {
  input = {
    url  = "policies/authenticationMethodsPolicy"
    body = { registrationEnforcement = { authenticationMethodsRegistrationCampaign = { state = "disabled" } } }
  }
}

resource "terraform_data" "users" {
  input = jsonencode({ requests = [{
    method = "PATCH"
    url    = "/users/c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b302/authentication/requirements"
    body   = { perUserMfaState = "disabled" }
  }] })
}
