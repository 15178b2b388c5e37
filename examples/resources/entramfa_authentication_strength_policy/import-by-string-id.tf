import {
  to = entramfa_authentication_strength_policy.administrators
  id = "Keys and cards for administrators"
}
