# Everybody who can sign in and whom somebody has asked for MFA. Terraform stops at 100 results unless limit says more.
list "entramfa_user_mfa_state" "asked" {
  provider = entramfa
  limit    = 10000

  config {
    states          = ["enabled", "enforced"]
    account_enabled = true
  }
}

# The engineers, whatever their state is.
list "entramfa_user_mfa_state" "engineering" {
  provider = entramfa

  config {
    group_id = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e02"
  }
}
