# by id
terraform import entramfa_conditional_access_policy.mfa f60ab4d8-5c3e-4f70-9d91-3c4d5e6f7001

# by display name, where only one policy has it
terraform import entramfa_conditional_access_policy.mfa "MFA for everybody outside trusted locations"
