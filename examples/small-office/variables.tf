variable "office_name" {
  description = "Name of the office; its trusted location is called after it."
  type        = string
}

variable "office_ip_ranges" {
  description = "Public IP ranges that the office's network sends from, in CIDR notation."
  type        = set(string)
}

variable "break_glass_group_id" {
  description = "Object id of the group of emergency access (break-glass) accounts."
  type        = string
}

variable "staff" {
  description = "User principal names of those who sign in with per-user MFA."
  type        = set(string)
}

variable "trusted_ipv4_addresses_at_most" {
  description = "How many IPv4 addresses the whole tenant may trust before a plan warns, locations made elsewhere included."
  type        = number
  default     = 1024
}
