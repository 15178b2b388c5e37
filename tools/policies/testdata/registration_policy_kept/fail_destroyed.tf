terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

# Without a guard, which would have the provider refuse to give back a campaign that asks the emergency access accounts.
provider "entramfa" {}

