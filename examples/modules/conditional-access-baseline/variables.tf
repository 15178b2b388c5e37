# Each policy has a variable of its own: the state that it should have. null leaves the policy out.

variable "emergency_access_group_id" {
  description = "Object id of the group of emergency access (break-glass) accounts. Every policy excludes it. Name the same group in emergency_access of the provider block."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", var.emergency_access_group_id))
    error_message = "The group is named by its object id, such as d4e8f2b6-3a1c-4d5e-9b7f-1a2b3c4d5e03."
  }
}

variable "mfa_for_everybody" {
  description = "State of the policy that requires MFA of all users for all apps."
  type        = string
  default     = "enabledForReportingButNotEnforced"

  validation {
    condition     = var.mfa_for_everybody == null ? true : contains(["enabled", "disabled", "enabledForReportingButNotEnforced"], var.mfa_for_everybody)
    error_message = "The state is enabled, disabled or enabledForReportingButNotEnforced (report-only), or null to leave the policy out."
  }
}

variable "phishing_resistant_mfa_for_administrators" {
  description = "State of the policy that requires phishing-resistant MFA of administrators."
  type        = string
  default     = "enabledForReportingButNotEnforced"

  validation {
    condition     = var.phishing_resistant_mfa_for_administrators == null ? true : contains(["enabled", "disabled", "enabledForReportingButNotEnforced"], var.phishing_resistant_mfa_for_administrators)
    error_message = "The state is enabled, disabled or enabledForReportingButNotEnforced (report-only), or null to leave the policy out."
  }
}

variable "mfa_for_guests" {
  description = "State of the policy that requires MFA of guests and external users."
  type        = string
  default     = "enabledForReportingButNotEnforced"

  validation {
    condition     = var.mfa_for_guests == null ? true : contains(["enabled", "disabled", "enabledForReportingButNotEnforced"], var.mfa_for_guests)
    error_message = "The state is enabled, disabled or enabledForReportingButNotEnforced (report-only), or null to leave the policy out."
  }
}

variable "block_legacy_authentication" {
  description = "State of the policy that blocks legacy authentication, which cannot do MFA."
  type        = string
  default     = "enabledForReportingButNotEnforced"

  validation {
    condition     = var.block_legacy_authentication == null ? true : contains(["enabled", "disabled", "enabledForReportingButNotEnforced"], var.block_legacy_authentication)
    error_message = "The state is enabled, disabled or enabledForReportingButNotEnforced (report-only), or null to leave the policy out."
  }
}

variable "block_device_code_flow" {
  description = "State of the policy that blocks the device code flow."
  type        = string
  default     = "enabledForReportingButNotEnforced"

  validation {
    condition     = var.block_device_code_flow == null ? true : contains(["enabled", "disabled", "enabledForReportingButNotEnforced"], var.block_device_code_flow)
    error_message = "The state is enabled, disabled or enabledForReportingButNotEnforced (report-only), or null to leave the policy out."
  }
}

variable "limit_sign_in_frequency" {
  description = "State of the policy that makes all users sign in again after sign_in_frequency. It takes the place of \"remember MFA on trusted devices\"."
  type        = string
  default     = "enabledForReportingButNotEnforced"

  validation {
    condition     = var.limit_sign_in_frequency == null ? true : contains(["enabled", "disabled", "enabledForReportingButNotEnforced"], var.limit_sign_in_frequency)
    error_message = "The state is enabled, disabled or enabledForReportingButNotEnforced (report-only), or null to leave the policy out."
  }
}

variable "mfa_for_risky_sign_ins" {
  description = "State of the policy that requires MFA of sign-ins with a medium or high risk. It is left out unless has_p2 is true."
  type        = string
  default     = "enabledForReportingButNotEnforced"

  validation {
    condition     = var.mfa_for_risky_sign_ins == null ? true : contains(["enabled", "disabled", "enabledForReportingButNotEnforced"], var.mfa_for_risky_sign_ins)
    error_message = "The state is enabled, disabled or enabledForReportingButNotEnforced (report-only), or null to leave the policy out."
  }
}

variable "password_change_for_risky_users" {
  description = "State of the policy that requires MFA and a new password of users with a high risk. It is left out unless has_p2 is true."
  type        = string
  default     = "enabledForReportingButNotEnforced"

  validation {
    condition     = var.password_change_for_risky_users == null ? true : contains(["enabled", "disabled", "enabledForReportingButNotEnforced"], var.password_change_for_risky_users)
    error_message = "The state is enabled, disabled or enabledForReportingButNotEnforced (report-only), or null to leave the policy out."
  }
}

# The service does not evaluate policies about user actions in report-only, so these begin as disabled.

variable "protect_registration" {
  description = "State of the policy that permits the registration of security information only from a trusted place, on a compliant or hybrid joined device, or after MFA, for which a Temporary Access Pass is enough. Guests have a policy of their own."
  type        = string
  default     = "disabled"

  validation {
    condition     = var.protect_registration == null ? true : contains(["enabled", "disabled"], var.protect_registration)
    error_message = "The state is enabled or disabled, or null to leave the policy out. The service does not evaluate policies about user actions in report-only: enable it for a pilot group first."
  }
}

variable "block_registration_of_guests" {
  description = "State of the policy that blocks the registration of security information by guests outside trusted places: they cannot use a Temporary Access Pass."
  type        = string
  default     = "disabled"

  validation {
    condition     = var.block_registration_of_guests == null ? true : contains(["enabled", "disabled"], var.block_registration_of_guests)
    error_message = "The state is enabled or disabled, or null to leave the policy out. The service does not evaluate policies about user actions in report-only: enable it for a pilot group first."
  }
}

variable "close_registration" {
  description = "The policy that blocks the registration of security information for the members of group_ids, wherever they are: what happens to people who have missed a deadline. null leaves it out."
  type = object({
    group_ids = set(string)
    state     = optional(string, "disabled")
  })
  default = null

  validation {
    condition     = var.close_registration == null ? true : length(var.close_registration.group_ids) > 0 && alltrue([for id in var.close_registration.group_ids : can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", id))])
    error_message = "close_registration.group_ids names at least one group, by object id."
  }

  validation {
    condition     = var.close_registration == null ? true : contains(["enabled", "disabled"], coalesce(var.close_registration.state, "missing"))
    error_message = "close_registration.state is enabled or disabled. The service does not evaluate policies about user actions in report-only."
  }
}

variable "pilot_group_ids" {
  description = "Object ids of the groups to whom protect_registration applies while you try it. An empty set means all users."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.pilot_group_ids : can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", id))])
    error_message = "Groups are named by object id."
  }
}

variable "has_p2" {
  description = "Whether the tenant has Microsoft Entra ID P2. Without it the service refuses policies about risk."
  type        = bool
  default     = false
  nullable    = false
}

variable "trusted_location_ids" {
  description = "Ids of the named locations where security information may be registered, or AllTrusted. AllTrusted includes the trusted IPs of the legacy MFA service settings."
  type        = set(string)
  default     = ["AllTrusted"]
  nullable    = false

  validation {
    condition     = length(var.trusted_location_ids) > 0 && alltrue([for id in var.trusted_location_ids : id == "AllTrusted" || can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", id))])
    error_message = "Name at least one location by id, or AllTrusted."
  }
}

variable "sign_in_frequency" {
  description = "After how many hours or days users sign in again."
  type = object({
    value  = number
    period = string
  })
  default  = { value = 14, period = "days" }
  nullable = false

  validation {
    condition     = var.sign_in_frequency.value >= 1 && floor(var.sign_in_frequency.value) == var.sign_in_frequency.value && contains(["hours", "days"], var.sign_in_frequency.period)
    error_message = "The frequency is a whole number, at least 1, and its period is hours or days."
  }
}

variable "administrator_role_ids" {
  description = "Template ids of the roles that phishing_resistant_mfa_for_administrators is about. The default are the 14 roles of Microsoft's template for administrators."
  type        = set(string)
  default = [
    "62e90394-69f5-4237-9190-012177145e10", # Global Administrator
    "194ae4cb-b126-40b2-bd5b-6091b380977d", # Security Administrator
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c", # SharePoint Administrator
    "29232cdf-9323-42fd-ade2-1d097af3e4de", # Exchange Administrator
    "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", # Conditional Access Administrator
    "729827e3-9c14-49f7-bb1b-9608f156bbb8", # Helpdesk Administrator
    "b0f54661-2d74-4c50-afa3-1ec803f12efe", # Billing Administrator
    "fe930be7-5e62-47db-91af-98c3a49a38b1", # User Administrator
    "c4e39bd9-1100-46d3-8c65-fb160da0071f", # Authentication Administrator
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", # Application Administrator
    "158c047a-c907-4556-b7ef-446551a6b5f7", # Cloud Application Administrator
    "966707d0-3269-4727-9be2-8c3a10f19b9d", # Password Administrator
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13", # Privileged Authentication Administrator
    "e8611ab8-c189-46e8-94e1-60213ab1f814", # Privileged Role Administrator
  ]
  nullable = false

  validation {
    condition     = length(var.administrator_role_ids) > 0 && alltrue([for id in var.administrator_role_ids : can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", id))])
    error_message = "Name at least one role, by the id of its template."
  }
}

variable "excluded_group_ids" {
  description = "Object ids of further groups that a policy excludes, by the name of the policy's variable, such as the group of the directory synchronization account or of meeting room devices."
  type        = map(set(string))
  default     = {}
  nullable    = false

  validation {
    condition = length(setsubtract(keys(var.excluded_group_ids), [
      "mfa_for_everybody", "phishing_resistant_mfa_for_administrators", "mfa_for_guests", "block_legacy_authentication", "block_device_code_flow",
      "limit_sign_in_frequency", "mfa_for_risky_sign_ins", "password_change_for_risky_users", "protect_registration", "block_registration_of_guests",
      "close_registration",
    ])) == 0
    error_message = "A key of excluded_group_ids is not the name of a policy of this module."
  }

  validation {
    condition     = alltrue([for id in flatten([for ids in var.excluded_group_ids : tolist(ids)]) : can(regex("^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", id))])
    error_message = "Groups are named by object id."
  }
}

variable "name_prefix" {
  description = "What the display name of each policy begins with."
  type        = string
  default     = "Baseline: "
  nullable    = false
}
