# Microsoft's strengths have the same ids in every tenant.
data "entramfa_authentication_strength_policy" "phishing_resistant" {
  id = "00000000-0000-0000-0000-000000000004"
}

output "phishing_resistant" {
  value = data.entramfa_authentication_strength_policy.phishing_resistant.allowed_combinations
}
