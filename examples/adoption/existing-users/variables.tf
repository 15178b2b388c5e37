variable "group_id" {
  description = "Object id of the group whose users are adopted, those of nested groups included; null means everybody in the tenant."
  type        = string
  default     = null
}
