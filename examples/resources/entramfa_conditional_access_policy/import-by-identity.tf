import {
  to = entramfa_conditional_access_policy.mfa
  identity = {
    id = "f60ab4d8-5c3e-4f70-9d91-3c4d5e6f7001"
  }
}
