# Every location of countries.
list "entramfa_country_location" "all" {
  provider = entramfa
  limit    = 200
}

# Those whose names hold a word, with their countries.
list "entramfa_country_location" "work" {
  provider         = entramfa
  include_resource = true

  config {
    display_name_contains = "work"
  }
}
