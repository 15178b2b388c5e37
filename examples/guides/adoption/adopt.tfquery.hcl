# Everybody who has per-user MFA. Terraform stops at 100 results unless limit says more.
list "entramfa_user_mfa_state" "existing" {
  provider = entramfa
  limit    = 1000

  config {
    states = ["enabled", "enforced"]
  }
}

# Every location that Conditional Access trusts.
list "entramfa_trusted_ips" "existing" {
  provider = entramfa
  limit    = 200
}
