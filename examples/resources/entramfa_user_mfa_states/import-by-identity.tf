import {
  to = entramfa_user_mfa_states.staff
  identity = {
    user_ids = [
      "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301",
      "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b302",
      "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b30a",
    ]
  }
}
