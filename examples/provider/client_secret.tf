# The secret comes from ARM_CLIENT_SECRET; do not write it into the configuration.
provider "entramfa" {
  tenant_id = "6a1f4a6e-2c51-4f0b-9f0e-0d7b6f5c1a01"
  client_id = "b2c0d6a4-5f0e-4a57-8a3c-5e1d9f7b2c01"
}
