terraform {
  required_version = ">= 1.5.0" # check blocks

  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}
