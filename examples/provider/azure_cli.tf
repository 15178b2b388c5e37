# On a person's machine, after `az login`: the Azure CLI is used where nothing else is configured.
provider "entramfa" {
  tenant_id = "6a1f4a6e-2c51-4f0b-9f0e-0d7b6f5c1a01"
}
