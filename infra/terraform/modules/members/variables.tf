variable "organization_id" {
  description = "The organization that the auditor's role must be of."
  type        = string

  validation {
    condition     = can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "It must match ^o-[a-z0-9]{10,32}$."
  }
}

variable "auditor_role_arn" {
  description = "The one role that may assume this one, an output of auditor.yaml."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=.@/-]+$", var.auditor_role_arn))
    error_message = "It must match ^arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=.@/-]+$."
  }
}

variable "external_id" {
  description = "What the auditor must say; the same as in auditor.yaml."
  type        = string

  validation {
    condition     = can(regex("^[\\w+=.@:/-]{8,1224}$", var.external_id))
    error_message = "It must match ^[\\w+=.@:/-]{8,1224}$."
  }
}

variable "member_role_name" {
  description = "The name of the role; the same as in auditor.yaml."
  type        = string
  default     = "lineward-member"

  validation {
    condition     = can(regex("^[\\w.-]{1,51}$", var.member_role_name))
    error_message = "It must match ^[\\w.-]{1,51}$."
  }
}

variable "role_path" {
  description = "The path of the roles without its first slash, such as `security/`; the same as in auditor.yaml."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([\\w+=.@-]+/)*$", var.role_path))
    error_message = "It must match ^([\\w+=.@-]+/)*$."
  }
}

variable "event_bus_arn" {
  description = "The auditor's event bus, an output of auditor.yaml. Without it there is no role that sends events."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|arn:aws[a-z-]*:events:[a-z0-9-]+:\\d{12}:event-bus/[\\w./-]+)$", var.event_bus_arn))
    error_message = "It must match ^(|arn:aws[a-z-]*:events:[a-z0-9-]+:\\d{12}:event-bus/[\\w./-]+)$."
  }
}

variable "permissions_boundary" {
  description = "The name, with its path, of a policy in each account that bounds both roles."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[\\w+=.@/-]{0,600}$", var.permissions_boundary))
    error_message = "It must match ^[\\w+=.@/-]{0,600}$."
  }
}

variable "rules_state" {
  description = "DISABLED holds all rules."
  type        = string
  default     = "ENABLED"

  validation {
    condition     = contains(["ENABLED", "DISABLED"], var.rules_state)
    error_message = "It must be one of ENABLED, DISABLED."
  }
}

variable "role_changes_state" {
  description = "DISABLED holds the rule that tells of roles and policies that changed. Each change costs a walk of its account, two minutes' changes together."
  type        = string
  default     = "ENABLED"

  validation {
    condition     = contains(["ENABLED", "DISABLED"], var.role_changes_state)
    error_message = "It must be one of ENABLED, DISABLED."
  }
}

variable "organizational_unit_ids" {
  description = "The units whose accounts get both; the root's id (r-...) for all."
  type        = list(string)

  validation {
    condition     = alltrue([for item in var.organizational_unit_ids : can(regex("^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$", item))])
    error_message = "Each must match ^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$."
  }
}

variable "regions" {
  description = "The Regions whose events are forwarded, with us-east-1 if changed roles are to be. An opt-in Region fails in accounts that don't have it, and in no others."
  type        = list(string)

  validation {
    condition     = alltrue([for item in var.regions : can(regex("^[a-z]{2}(-[a-z]+)+-\\d$", item))])
    error_message = "Each must match ^[a-z]{2}(-[a-z]+)+-\\d$."
  }
}

variable "home_region" {
  description = "The one Region whose stacks make the roles, enabled in every account."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-\\d$", var.home_region))
    error_message = "It must match ^[a-z]{2}(-[a-z]+)+-\\d$."
  }
}

variable "call_as" {
  description = "DELEGATED_ADMIN where the provider's account is the delegated administrator of StackSets, SELF in the management account."
  type        = string
  default     = "DELEGATED_ADMIN"

  validation {
    condition     = contains(["DELEGATED_ADMIN", "SELF"], var.call_as)
    error_message = "It must be one of DELEGATED_ADMIN, SELF."
  }
}

variable "name" {
  description = "The name of the StackSet of roles; that of rules ends in -rules."
  type        = string
  default     = "lineward-member"

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{0,121}$", var.name))
    error_message = "It must match ^[a-zA-Z][a-zA-Z0-9-]{0,121}$."
  }
}

variable "tags" {
  description = "Tags of the StackSets, which their stacks take over."
  type        = map(string)
  default     = {}
}
