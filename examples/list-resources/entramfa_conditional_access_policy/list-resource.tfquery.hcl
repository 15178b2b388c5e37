# Every policy of the tenant.
list "entramfa_conditional_access_policy" "all" {
  provider = entramfa
  limit    = 300
}

# Those in force that require MFA, with what they say.
list "entramfa_conditional_access_policy" "mfa" {
  provider         = entramfa
  include_resource = true

  config {
    state        = "enabled"
    requires_mfa = true
  }
}
