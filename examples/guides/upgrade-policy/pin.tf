terraform {
  required_version = ">= 1.8.0"

  required_providers {
    entramfa = {
      source  = "mfa-as-code/entramfa"
      version = "~> 0.1.0" # 0.1.0 and its corrections, not 0.2.0
    }
  }
}
