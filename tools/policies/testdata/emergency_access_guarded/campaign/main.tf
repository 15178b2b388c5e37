terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}

variable "group" {
  type    = string
  default = null
}

resource "entramfa_registration_policy" "everybody" {
  state   = "enabled"
  include = { all_users = true }
  exclude = var.group == null ? null : { group_ids = [var.group] }
}
