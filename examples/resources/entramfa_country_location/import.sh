# by id
terraform import entramfa_country_location.offices e5f9a3c7-4b2d-4e6f-8c80-2b3c4d5e6f02

# by display name, where only one location has it
terraform import entramfa_country_location.offices "Countries we work in"
