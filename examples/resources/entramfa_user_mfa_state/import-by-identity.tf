import {
  to = entramfa_user_mfa_state.adele
  identity = {
    user_id = "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301"
  }
}
