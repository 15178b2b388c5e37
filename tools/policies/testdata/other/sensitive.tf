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

variable "person" {
  type      = string
  sensitive = true
  default   = "diego.siciliani@contoso.example"
}

variable "people" {
  type      = map(string)
  sensitive = true
  default   = { "grady.archie@contoso.example" = "enforced" }
}

variable "ranges" {
  type      = set(string)
  sensitive = true
  default   = ["198.51.100.0/17"]
}

resource "entramfa_user_mfa_state" "person" {
  user_principal_name = var.person
  state               = "enforced"
  on_destroy          = "keep"
}

resource "entramfa_user_mfa_states" "people" {
  users      = var.people
  on_destroy = "keep"
}

resource "entramfa_trusted_ips" "ranges" {
  display_name = "Zurich office"
  ip_ranges    = var.ranges
}
