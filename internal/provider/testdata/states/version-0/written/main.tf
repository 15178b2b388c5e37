terraform {
  required_providers {
    entramfa = { source = "mfa-as-code/entramfa" }
  }
}

# A user by name, created.
resource "entramfa_user_mfa_state" "by_name" {
  user_principal_name = "adele.vance@contoso.example"
  state               = "enabled"
}

# A user by id, with everything set.
resource "entramfa_user_mfa_state" "by_id" {
  user_id    = "22222222-bbbb-4bbb-8bbb-000000000002"
  state      = "disabled"
  on_destroy = "keep"

  timeouts {
    create = "10m"
    read   = "5m"
  }
}

# Users whom the service has promoted, by for_each.
resource "entramfa_user_mfa_state" "promoted" {
  for_each = toset(["diego.siciliani@contoso.example"])

  user_principal_name = each.key
  state               = "enabled"
}

# Users by name and by id, one of them promoted.
resource "entramfa_user_mfa_states" "many" {
  users = {
    "megan.bowen@contoso.example"          = "enabled"
    "miriam.o'brien@contoso.example"       = "enabled"
    "22222222-bbbb-4bbb-8bbb-000000000005" = "enabled"
    "22222222-bbbb-4bbb-8bbb-000000000006" = "disabled"
  }
  allow_promotion = true
}

# Users by name only.
resource "entramfa_user_mfa_states" "named" {
  users = {
    "isaiah.langer@contoso.example" = "enabled"
  }
  on_destroy = "keep"
}

resource "entramfa_registration_policy" "this" {
  state                 = "enabled"
  authentication_method = "microsoftAuthenticator"
  snooze_days           = 3

  include = {
    group_ids = ["33333333-cccc-4ccc-8ccc-000000000001"]
  }
  exclude = {
    user_ids  = ["22222222-bbbb-4bbb-8bbb-000000000006"]
    group_ids = ["33333333-cccc-4ccc-8ccc-000000000002"]
  }
}

# Imported, and changed since.
resource "entramfa_trusted_ips" "written" {
  display_name = "Headquarters"
  ip_ranges    = ["203.0.113.7/24", "2001:DB8:A::/48"]
}
