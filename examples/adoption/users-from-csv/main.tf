# Who signs in, and to which tenant, comes from the environment: ARM_TENANT_ID, ARM_CLIENT_ID, ARM_CLIENT_SECRET.
provider "entramfa" {
  # A row of the file that would ask these accounts for MFA is refused.
  emergency_access = {
    group_ids = [var.break_glass_group_id]
  }
}
