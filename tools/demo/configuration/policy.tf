resource "entramfa_registration_policy" "everybody" {
  state       = "enabled"
  include     = { all_users = true }
  exclude     = { group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"] }
  snooze_days = 3
  on_destroy  = "give_back_excluding_emergency_access"
}
