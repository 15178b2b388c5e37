terraform import entramfa_user_mfa_states.staff "adele.vance@contoso.example,alex.wilber@contoso.example,c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b30a"
