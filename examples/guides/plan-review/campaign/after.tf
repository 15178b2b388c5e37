resource "entramfa_registration_policy" "this" {
  state       = "enabled"
  include     = { group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e02"] }
  exclude     = { group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] }
  snooze_days = 3
}
