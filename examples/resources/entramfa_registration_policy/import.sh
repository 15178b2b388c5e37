# a tenant has one policy, and this is its id
terraform import entramfa_registration_policy.this authenticationMethodsPolicy
