import {
  to = entramfa_registration_policy.this
  identity = {
    id = "authenticationMethodsPolicy"
  }
}
