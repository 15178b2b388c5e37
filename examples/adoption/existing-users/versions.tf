terraform {
  required_version = ">= 1.7.0" # for_each in import blocks

  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}
