data "entramfa_country_location" "offices" {
  display_name = "Countries we work in"
}

# A warning in every plan while sign-ins of unknown countries belong to the location.
check "only_known_countries" {
  assert {
    condition     = !data.entramfa_country_location.offices.include_unknown
    error_message = "Sign-ins from unknown countries belong to ${data.entramfa_country_location.offices.display_name}."
  }
}

output "offices" {
  value = data.entramfa_country_location.offices.country_names
}
