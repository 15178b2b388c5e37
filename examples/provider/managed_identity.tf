# client_id chooses a user-assigned identity; without it the system-assigned one signs in.
provider "entramfa" {
  tenant_id = "6a1f4a6e-2c51-4f0b-9f0e-0d7b6f5c1a01"
  client_id = "b2c0d6a4-5f0e-4a57-8a3c-5e1d9f7b2c01"
  use_msi   = true
}
