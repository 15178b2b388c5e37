# Policies as they are about to be, in Microsoft Graph's JSON.
locals {
  policies = jsonencode([{
    displayName = "MFA outside of trusted places"
    state       = "enabled"
    conditions = {
      users        = { includeUsers = ["All"], excludeGroups = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e01"] }
      applications = { includeApplications = ["All"] }
      locations    = { includeLocations = ["All"], excludeLocations = ["AllTrusted"] }
    }
    grantControls = { operator = "OR", builtInControls = ["mfa"] }
  }])
}

# "partly": nothing asks for MFA from a trusted place.
output "employee" {
  value = provider::entramfa::mfa_coverage(local.policies, {
    id                   = "a1b2c3d4-0000-4000-8000-000000000001"
    trusted_location_ids = ["a1b2c3d4-0000-4000-8000-0000000000ff"]
    legacy_trusted_ips   = false
  })
}

# "not_covered": the group is excluded.
output "excluded" {
  value = provider::entramfa::mfa_coverage(local.policies, {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e01"]
  }).verdict
}
