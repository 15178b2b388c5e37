import {
  to = entramfa_country_location.offices
  id = "Countries we work in"
}
