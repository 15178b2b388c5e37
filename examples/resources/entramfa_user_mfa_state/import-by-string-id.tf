import {
  to = entramfa_user_mfa_state.adele
  id = "adele.vance@contoso.example"
}
