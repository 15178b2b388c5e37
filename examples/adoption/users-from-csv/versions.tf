terraform {
  required_version = ">= 1.8.0" # functions of a provider; OpenTofu has them since 1.7

  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}
