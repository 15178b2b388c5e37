# "Require multifactor authentication for admins": its id is the same in every tenant, its name follows the language.
data "entramfa_conditional_access_template" "mfa_for_admins" {
  id = "c7503427-338e-4c5e-902d-abe252abfb43"
}

output "roles" {
  value = data.entramfa_conditional_access_template.mfa_for_admins.conditions.users.included_roles
}
