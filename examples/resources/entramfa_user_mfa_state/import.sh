# by object id
terraform import entramfa_user_mfa_state.adele c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301

# by user principal name
terraform import entramfa_user_mfa_state.alex alex.wilber@contoso.example
