variable "organization_id" {
  description = "The organization that the auditor's role must be of."
  type        = string
}

variable "organizational_unit_ids" {
  description = "The units whose accounts get a role; the root's id (r-...) for all."
  type        = list(string)
}

variable "auditor_role_arn" {
  description = "The one role that may assume this one."
  type        = string
}

variable "external_id" {
  description = "What the auditor must say."
  type        = string
}

variable "event_bus_arn" {
  description = "The auditor's event bus. Without it no events are forwarded."
  type        = string
  default     = ""
}

variable "regions" {
  description = "The Regions whose events are forwarded. An opt-in Region fails in accounts that don't have it."
  type        = list(string)
}

variable "home_region" {
  description = "The Region whose stacks make the roles. It need not be one of `regions`."
  type        = string
  default     = "us-east-1"
}

variable "member_role_name" {
  description = "The name of the role."
  type        = string
  default     = "lineward-member"
}

variable "name" {
  description = "The name of the StackSet."
  type        = string
  default     = "lineward-member"
}
