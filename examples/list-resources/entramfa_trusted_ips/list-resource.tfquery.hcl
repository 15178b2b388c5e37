# Every location that Conditional Access trusts.
list "entramfa_trusted_ips" "all" {
  provider = entramfa
  limit    = 200
}

# Those of the headquarters, with their ranges.
list "entramfa_trusted_ips" "headquarters" {
  provider         = entramfa
  include_resource = true

  config {
    display_name_contains = "headquarters"
  }
}
