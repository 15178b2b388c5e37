output "asked_to_register" {
  description = "Who is asked at this stage. A plan that moves it shows whom it adds."
  value       = local.everybody ? ["everybody"] : sort(keys(local.groups))
}
