variable "emergency_access_group_ids" {
  description = "Object ids of the groups of emergency access (break-glass) accounts. The registration policy excludes them. Name the same groups in emergency_access of the provider block."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.emergency_access_group_ids) > 0
    error_message = "Name at least one group of emergency access accounts: without one, a mistake in a policy locks everybody out."
  }

  validation {
    condition     = alltrue([for id in var.emergency_access_group_ids : can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", id))])
    error_message = "Groups are named by object id, such as d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03."
  }
}

variable "trusted_locations" {
  description = "Public IP ranges of the trusted locations, in CIDR notation, by the name of the location."
  type        = map(set(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, ranges in var.trusted_locations : trimspace(name) != "" && length(ranges) > 0])
    error_message = "Each trusted location has a name and at least one range."
  }
}

variable "trusted_ipv4_addresses_at_most" {
  description = "How many IPv4 addresses one location may trust. A plan that goes beyond it is refused."
  type        = number
  default     = 4096
  nullable    = false

  validation {
    condition     = var.trusted_ipv4_addresses_at_most >= 1 && floor(var.trusted_ipv4_addresses_at_most) == var.trusted_ipv4_addresses_at_most
    error_message = "The limit is a whole number, and at least 1."
  }
}

variable "registration" {
  description = "Who is asked to register which method at sign-in: everybody, or the members of group_ids; after how many days again, and whether they have to after putting it off three times."
  type = object({
    group_ids             = optional(set(string))
    authentication_method = optional(string, "microsoftAuthenticator")
    snooze_days           = optional(number, 1)
    required              = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.registration.group_ids == null ? true : length(var.registration.group_ids) > 0
    error_message = "An empty registration.group_ids asks nobody. Leave it out to ask everybody."
  }

  validation {
    condition     = contains(["microsoftAuthenticator", "fido2"], var.registration.authentication_method)
    error_message = "The method is microsoftAuthenticator or fido2."
  }

  validation {
    condition     = contains(range(0, 15), var.registration.snooze_days)
    error_message = "registration.snooze_days is a whole number from 0 to 14."
  }
}

variable "per_user_mfa" {
  description = "User principal names of those who sign in with per-user MFA. Who leaves the list goes back to disabled."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.per_user_mfa : can(regex("^[^@\\s]+@[^@\\s]+$", name))])
    error_message = "Users are named by user principal name, such as adele.vance@contoso.example."
  }

  validation {
    condition     = length(distinct([for name in var.per_user_mfa : lower(name)])) == length(var.per_user_mfa)
    error_message = "A user is named twice: names that differ in case only are the same user."
  }
}
