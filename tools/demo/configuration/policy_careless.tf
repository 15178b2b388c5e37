resource "entramfa_registration_policy" "everybody" {
  state       = "enabled"
  include     = { all_users = true }
  snooze_days = 3
  on_destroy  = "give_back_excluding_emergency_access"
}
