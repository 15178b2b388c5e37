# Every custom authentication strength.
list "entramfa_authentication_strength_policy" "all" {
  provider = entramfa
}

# Those whose names hold a word, with their combinations.
list "entramfa_authentication_strength_policy" "keys" {
  provider         = entramfa
  include_resource = true

  config {
    display_name_contains = "keys"
  }
}
