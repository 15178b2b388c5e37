variable "break_glass_group_id" {
  description = "Object id of the group of emergency access (break-glass) accounts."
  type        = string
}
