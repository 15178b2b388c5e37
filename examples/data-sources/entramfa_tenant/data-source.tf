variable "tenant_id" {
  description = "The tenant that this configuration is for."
  type        = string
  default     = "6a1f4a6e-2c51-4f0b-9f0e-0d7b6f5c1a01"
}

data "entramfa_tenant" "this" {
  lifecycle {
    # Stops the plan where somebody has the wrong identity in the shell.
    postcondition {
      condition     = self.id == lower(var.tenant_id)
      error_message = "This configuration is for tenant ${var.tenant_id}, and the provider is signed in to ${self.id}."
    }
  }
}

# Shown by each plan in which it changes, and by each apply.
output "tenant" {
  value = "${coalesce(data.entramfa_tenant.this.display_name, "unnamed")} (${data.entramfa_tenant.this.id})"
}
