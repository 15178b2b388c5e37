import {
  to = entramfa_country_location.offices
  identity = {
    id = "e5f9a3c7-4b2d-4e6f-8c80-2b3c4d5e6f02"
  }
}
