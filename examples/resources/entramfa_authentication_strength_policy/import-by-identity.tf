import {
  to = entramfa_authentication_strength_policy.administrators
  identity = {
    id = "a7b1c5d9-6e3f-4a8b-9c2d-5e6f7a8b9c01"
  }
}
