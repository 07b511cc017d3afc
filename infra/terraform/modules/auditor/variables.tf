variable "organization_id" {
  description = "The organization. Only its accounts may send events, and only its roles are assumed."
  type        = string
}

variable "external_id" {
  description = "What the member role asks of whoever assumes it."
  type        = string
}

variable "code_bucket" {
  description = "The bucket that holds the zip with the `bootstrap`, in the stack's Region."
  type        = string
}

variable "code_key" {
  description = "The zip, with its version in its name."
  type        = string
}

variable "configuration" {
  description = "The text of lineward.toml. It names secrets and holds none."
  type        = string
}

variable "name" {
  description = "The name of the stack, and of what is in it."
  type        = string
  default     = "lineward"
}

variable "auditor_role_name" {
  description = "The Lambda's role, which the member roles trust by its ARN."
  type        = string
  default     = "lineward-auditor"
}

variable "member_role_name" {
  description = "The role that is assumed in each account."
  type        = string
  default     = "lineward-member"
}

variable "schedule_mode" {
  description = "single, or fan-out for more than one Lambda can do in 15 minutes."
  type        = string
  default     = "single"
}

variable "schedule_expression" {
  description = "When everything is audited. An alarm expects one run in 24 hours."
  type        = string
  default     = "rate(6 hours)"
}

variable "schedule_state" {
  description = "ENABLED or DISABLED."
  type        = string
  default     = "ENABLED"
}

variable "memory_size" {
  description = "Megabytes of the Lambda."
  type        = number
  default     = 1024
}

variable "scan_concurrency" {
  description = "How many batches of accounts the state machine scans at once."
  type        = number
  default     = 50
}

variable "event_concurrency" {
  description = "How many Lambdas work on events at once."
  type        = number
  default     = 10
}

variable "report_retention_days" {
  description = "How long reports are kept. The ledger and the history are kept for good."
  type        = number
  default     = 400
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 90
}

variable "alarm_topic_arn" {
  description = "The SNS topic that alarms are sent to; without it they only show."
  type        = string
  default     = ""
}

variable "tags" {
  description = "Tags of the stack, which its resources take over."
  type        = map(string)
  default     = {}
}
