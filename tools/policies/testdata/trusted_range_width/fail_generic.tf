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

# What msgraph_resource has in it, in a resource of the CLI itself.
resource "terraform_data" "location" {
  input = {
    url = "identity/conditionalAccess/namedLocations"
    body = {
      displayName = "Everybody"
      isTrusted   = true
      ipRanges    = [{ cidrAddress = "128.0.0.0/1" }, { cidrAddress = "198.51.100.0/24" }]
    }
  }
}
