moved {
  from = azuread_named_location.branch
  to   = entramfa_trusted_ips.branch
}

resource "entramfa_trusted_ips" "branch" {
  display_name = "Branch office"
  ip_ranges    = ["198.51.100.0/24"]
}
