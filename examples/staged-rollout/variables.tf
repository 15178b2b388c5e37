variable "stage" {
  description = "How far the roll-out is: pilot, departments or everybody. Each stage asks those of the stages before it, too."
  type        = string

  validation {
    condition     = contains(["pilot", "departments", "everybody"], var.stage)
    error_message = "The stage is one of pilot, departments and everybody."
  }
}

variable "pilot_groups" {
  description = "Groups that begin: object ids by name. The names are for the people who read plans."
  type        = map(string)

  validation {
    condition     = length(var.pilot_groups) > 0
    error_message = "A roll-out begins with at least one pilot group."
  }
}

variable "department_groups" {
  description = "Groups that follow: object ids by name."
  type        = map(string)
}

variable "emergency_access_group_id" {
  description = "Object id of the group of emergency access (break-glass) accounts. They are never asked, at no stage."
  type        = string
}
