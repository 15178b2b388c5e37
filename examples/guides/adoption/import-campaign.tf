import {
  to = entramfa_registration_policy.this
  id = "authenticationMethodsPolicy"
}
