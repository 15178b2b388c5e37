data "entramfa_registration_policy" "this" {}

# A warning in every plan in which nobody is asked to register.
check "campaign_runs" {
  assert {
    condition     = data.entramfa_registration_policy.this.state != "disabled"
    error_message = "The registration campaign is disabled."
  }
}

output "asked_to_register" {
  value = data.entramfa_registration_policy.this.include
}
