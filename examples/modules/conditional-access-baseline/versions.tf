terraform {
  required_version = ">= 1.6.0" # terraform test, tofu test

  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}
