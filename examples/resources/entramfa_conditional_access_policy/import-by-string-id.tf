import {
  to = entramfa_conditional_access_policy.mfa
  id = "MFA for everybody outside trusted locations"
}
