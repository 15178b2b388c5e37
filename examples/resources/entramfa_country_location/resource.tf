# The countries in which the company works. The plan shows their names.
resource "entramfa_country_location" "offices" {
  display_name = "Countries we work in"
  countries    = ["CH", "DE", "IT"]
}

# Users share the position of their phone instead of the country of their IP address.
resource "entramfa_country_location" "field_service" {
  display_name = "Field service"
  countries    = ["AT", "LI"]
  lookup       = "authenticator_app_gps"
}
