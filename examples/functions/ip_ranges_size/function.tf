variable "office_ip_ranges" {
  description = "Public IP ranges of the office."
  type        = set(string)
  default     = ["198.51.100.0/25", "2001:db8:a11:100::/56"]

  # A mistake in a prefix length ends here, before anything is planned.
  validation {
    condition     = provider::entramfa::ip_ranges_size(var.office_ip_ranges).address_count_ipv4 <= 1024
    error_message = "An office has at most 1,024 IPv4 addresses."
  }
}

resource "entramfa_trusted_ips" "office" {
  display_name = "Zurich office"
  ip_ranges    = var.office_ip_ranges
}
