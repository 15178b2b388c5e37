terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

provider "entramfa" {}

module "campaign" {
  for_each = toset(["first.module"])
  source   = "./campaign"
}
