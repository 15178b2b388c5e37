resource "azuread_named_location" "branch" {
  display_name = "Branch office"

  ip {
    ip_ranges = ["198.51.100.0/24"]
    trusted   = true
  }
}
