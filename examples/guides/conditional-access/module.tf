provider "entramfa" {
  emergency_access = {
    group_ids = ["d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"]
  }
}

module "conditional_access" {
  source = "./modules/conditional-access-baseline"

  emergency_access_group_id = "d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03"
}
