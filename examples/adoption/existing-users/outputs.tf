output "users" {
  description = "Object id of each adopted user, by user principal name: the content of users.json."
  value       = local.users
}
