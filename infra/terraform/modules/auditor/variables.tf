variable "organization_id" {
  description = "The organization. Only its accounts may send events, and only its roles are assumed."
  type        = string

  validation {
    condition     = can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "It must match ^o-[a-z0-9]{10,32}$."
  }
}

variable "external_id" {
  description = "What the member role asks of whoever assumes it; the same as in member-role.yaml."
  type        = string

  validation {
    condition     = can(regex("^[\\w+=.@:/-]{8,1224}$", var.external_id))
    error_message = "It must match ^[\\w+=.@:/-]{8,1224}$."
  }
}

variable "auditor_role_name" {
  description = "The Lambdas' role, which the member roles trust by its ARN."
  type        = string
  default     = "lineward-auditor"

  validation {
    condition     = can(regex("^[\\w+=.@-]{1,64}$", var.auditor_role_name))
    error_message = "It must match ^[\\w+=.@-]{1,64}$."
  }
}

variable "member_role_name" {
  description = "The role that is assumed in each account; the same as in member-role.yaml."
  type        = string
  default     = "lineward-member"

  validation {
    condition     = can(regex("^[\\w.-]{1,51}$", var.member_role_name))
    error_message = "It must match ^[\\w.-]{1,51}$."
  }
}

variable "operator_principal_arns" {
  description = "Roles and users of this account that may assume the auditor's role, so that the command line reads what the Lambda reads. A `*` stands for any text, as in the name of a role that IAM Identity Center makes."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for item in var.operator_principal_arns : can(regex("^(|arn:aws[a-z-]*:iam::\\d{12}:(role|user)/[\\w+=.@/*-]+)$", item))])
    error_message = "Each must match ^(|arn:aws[a-z-]*:iam::\\d{12}:(role|user)/[\\w+=.@/*-]+)$."
  }
}

variable "code_bucket" {
  description = "The bucket that holds the zip with the `bootstrap`, in this Region."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.code_bucket))
    error_message = "It must match ^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$."
  }
}

variable "architecture" {
  description = "What the zip was built for."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "It must be one of x86_64, arm64."
  }
}

variable "memory_size" {
  description = "Megabytes of the Lambda that scans, which decide its share of processors too."
  type        = number
  default     = 1024

  validation {
    condition     = var.memory_size >= 256 && var.memory_size <= 10240
    error_message = "It must be between 256 and 10240."
  }
}

variable "event_memory_size" {
  description = "Megabytes of the Lambda that looks at events. It holds the ledger, about 3 kB a finding, twice."
  type        = number
  default     = 256

  validation {
    condition     = var.event_memory_size >= 256 && var.event_memory_size <= 10240
    error_message = "It must be between 256 and 10240."
  }
}

variable "ephemeral_storage" {
  description = "Megabytes of /tmp of the Lambda that scans."
  type        = number
  default     = 512

  validation {
    condition     = var.ephemeral_storage >= 512 && var.ephemeral_storage <= 10240
    error_message = "It must be between 512 and 10240."
  }
}

variable "schedule_mode" {
  description = "Whether the schedule starts one Lambda, or the state machine, for more than its 15 minutes can hold."
  type        = string
  default     = "single"

  validation {
    condition     = contains(["single", "fan-out"], var.schedule_mode)
    error_message = "It must be one of single, fan-out."
  }
}

variable "schedule_expression" {
  description = "When everything is audited. The alarms of alarms.yaml expect a run in 24 hours."
  type        = string
  default     = "rate(6 hours)"

  validation {
    condition     = can(regex("^(rate|cron|at)\\(.+\\)$", var.schedule_expression))
    error_message = "It must match ^(rate|cron|at)\\(.+\\)$."
  }
}

variable "schedule_timezone" {
  description = "The time zone of a schedule `cron(…)`, as of the IANA, such as Europe/Berlin."
  type        = string
  default     = "UTC"

  validation {
    condition     = can(regex("^[\\w+/-]{1,50}$", var.schedule_timezone))
    error_message = "It must match ^[\\w+/-]{1,50}$."
  }
}

variable "schedule_state" {
  description = "DISABLED holds the schedule, but not the events."
  type        = string
  default     = "ENABLED"

  validation {
    condition     = contains(["ENABLED", "DISABLED"], var.schedule_state)
    error_message = "It must be one of ENABLED, DISABLED."
  }
}

variable "schedule_group" {
  description = "The group of schedules, which must be there."
  type        = string
  default     = "default"

  validation {
    condition     = can(regex("^[\\w.-]{1,64}$", var.schedule_group))
    error_message = "It must match ^[\\w.-]{1,64}$."
  }
}

variable "events_state" {
  description = "DISABLED drops events; the schedule finds what they tell."
  type        = string
  default     = "ENABLED"

  validation {
    condition     = contains(["ENABLED", "DISABLED"], var.events_state)
    error_message = "It must be one of ENABLED, DISABLED."
  }
}

variable "scan_concurrency" {
  description = "How many batches of accounts the state machine scans at once. With EventConcurrency it should fit the account's quota of concurrent Lambdas; scans beyond it wait."
  type        = number
  default     = 50

  validation {
    condition     = var.scan_concurrency >= 1 && var.scan_concurrency <= 1000
    error_message = "It must be between 1 and 1000."
  }
}

variable "event_concurrency" {
  description = "How many Lambdas work on events at once."
  type        = number
  default     = 10

  validation {
    condition     = var.event_concurrency >= 2 && var.event_concurrency <= 1000
    error_message = "It must be between 2 and 1000."
  }
}

variable "reserve_concurrency" {
  description = "Whether EventConcurrency is reserved. AWS refuses where fewer than 100 would be left to the account's other functions, as in a new account."
  type        = string
  default     = "true"

  validation {
    condition     = contains(["true", "false"], var.reserve_concurrency)
    error_message = "It must be one of true, false."
  }
}

variable "report_retention_days" {
  description = "How long reports and their rows of history are kept. The ledger and the one row of each run are kept for good."
  type        = number
  default     = 400

  validation {
    condition     = var.report_retention_days >= 30
    error_message = "It must be 30 or more."
  }
}

variable "object_lock_days" {
  description = "For how long nobody may delete what is written into the bucket (Object Lock, governance mode); 0 for no lock. It can't be switched off again."
  type        = number
  default     = 0

  validation {
    condition     = var.object_lock_days >= 0 && var.object_lock_days <= 3650
    error_message = "It must be between 0 and 3650."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "It must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "log_class" {
  description = "The class of the state machine's logs. Those of the Lambdas are STANDARD: CloudWatch reads metrics out of no other."
  type        = string
  default     = "STANDARD"

  validation {
    condition     = contains(["STANDARD", "INFREQUENT_ACCESS"], var.log_class)
    error_message = "It must be one of STANDARD, INFREQUENT_ACCESS."
  }
}

variable "role_path" {
  description = "The path of every role without its first slash, such as `security/`; the same as in member-role.yaml."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([\\w+=.@-]+/)*$", var.role_path))
    error_message = "It must match ^([\\w+=.@-]+/)*$."
  }
}

variable "permissions_boundary" {
  description = "The name, with its path, of a policy of this account that bounds every role."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[\\w+=.@/-]{0,600}$", var.permissions_boundary))
    error_message = "It must match ^[\\w+=.@/-]{0,600}$."
  }
}

variable "kms_key_arn" {
  description = "The key that encrypts bucket, queues, logs and secret, in this Region; without it each service uses its own. infra/README.md says what its policy must allow."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/[\\w-]+)$", var.kms_key_arn))
    error_message = "It must match ^(|arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/[\\w-]+)$."
  }
}

variable "subnet_ids" {
  description = "Subnets of the Lambdas, with a way to the endpoints of AWS and PagerDuty; without them they are in no VPC."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for item in var.subnet_ids : can(regex("^(|subnet-[0-9a-f]{8,17})$", item))])
    error_message = "Each must match ^(|subnet-[0-9a-f]{8,17})$."
  }
}

variable "security_group_ids" {
  description = "Security groups of the Lambdas, where there are subnets."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for item in var.security_group_ids : can(regex("^(|sg-[0-9a-f]{8,17})$", item))])
    error_message = "Each must match ^(|sg-[0-9a-f]{8,17})$."
  }
}

variable "alarm_topic_arn" {
  description = "The SNS topic that alarms are sent to; without it they only show."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(|arn:aws[a-z-]*:sns:[a-z0-9-]+:\\d{12}:[\\w-]+)$", var.alarm_topic_arn))
    error_message = "It must match ^(|arn:aws[a-z-]*:sns:[a-z0-9-]+:\\d{12}:[\\w-]+)$."
  }
}

variable "alarms_state" {
  description = "DISABLED keeps alarms from telling, while there is nothing to watch yet."
  type        = string
  default     = "ENABLED"

  validation {
    condition     = contains(["ENABLED", "DISABLED"], var.alarms_state)
    error_message = "It must be one of ENABLED, DISABLED."
  }
}

variable "watches_events" {
  description = "Whether it is an alarm that no events arrive; `false` where none are forwarded."
  type        = string
  default     = "true"

  validation {
    condition     = contains(["true", "false"], var.watches_events)
    error_message = "It must be one of true, false."
  }
}

variable "hours_without_run" {
  description = "How many hours may pass without a finished run of everything, and without a complete one."
  type        = number
  default     = 24

  validation {
    condition     = var.hours_without_run >= 1 && var.hours_without_run <= 168
    error_message = "It must be between 1 and 168."
  }
}

variable "hours_of_ledger" {
  description = "How many hours old the scan may be that events are compared with; two schedules and a run."
  type        = number
  default     = 13

  validation {
    condition     = var.hours_of_ledger >= 1 && var.hours_of_ledger <= 336
    error_message = "It must be between 1 and 336."
  }
}

variable "days_without_events" {
  description = "For how many days in a row scans may find what no event told, while none arrives."
  type        = number
  default     = 2

  validation {
    condition     = var.days_without_events >= 1 && var.days_without_events <= 7
    error_message = "It must be between 1 and 7."
  }
}

variable "zip" {
  description = "The zip that `infra/build` makes, which is uploaded. With its version in its name, the old one stays for a roll-back."
  type        = string

  validation {
    condition     = endswith(var.zip, ".zip")
    error_message = "It must be a file that ends in .zip."
  }
}

variable "configuration" {
  description = "The text of lineward.toml. It names secrets and holds none."
  type        = string
}

variable "name" {
  description = "The name of the stack, and of what is in it."
  type        = string
  default     = "lineward"

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{0,55}$", var.name))
    error_message = "It must match ^[a-zA-Z][a-zA-Z0-9-]{0,55}$."
  }
}

variable "tags" {
  description = "Tags of the stacks, which their resources take over."
  type        = map(string)
  default     = {}
}
