data "entramfa_trusted_ips" "headquarters" {
  display_name = "Headquarters"
}

# A warning in every plan in which somebody took the trust away.
check "headquarters_is_trusted" {
  assert {
    condition     = data.entramfa_trusted_ips.headquarters.trusted
    error_message = "The location ${data.entramfa_trusted_ips.headquarters.id} is not trusted."
  }
}

output "headquarters" {
  value = data.entramfa_trusted_ips.headquarters.id
}
