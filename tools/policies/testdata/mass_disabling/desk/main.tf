terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

variable "users" {
  type = set(string)
}

variable "state" {
  type = string
}

resource "entramfa_user_mfa_state" "user" {
  for_each = var.users

  user_principal_name = each.key
  state               = var.state
}
