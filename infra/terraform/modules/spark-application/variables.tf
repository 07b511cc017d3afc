variable "name" {
  description = "The application's name."
  type        = string
}

variable "team" {
  description = "The team that answers for it, as its team tag."
  type        = string

  validation {
    condition     = trimspace(var.team) != ""
    error_message = "Each application names its team."
  }
}

variable "team_tag" {
  description = "The key of the team tag: `[teams] tag` of lineward.toml."
  type        = string
  default     = "Team"
}

variable "tags" {
  description = "Other tags."
  type        = map(string)
  default     = {}
}

variable "release_label" {
  description = "The EMR release, one of those in matrix.tf."
  type        = string
  default     = "emr-7.12.0"

  validation {
    condition     = contains(keys(local.releases), var.release_label)
    error_message = "No Spline agent is known to be built for this release; see matrix.tf."
  }
}

variable "architecture" {
  description = "X86_64 or ARM64."
  type        = string
  default     = "X86_64"
}

variable "spline_jars" {
  description = "Where the bundles of the Spline agent lie under their published names, without a slash at the end."
  type        = string

  validation {
    condition     = can(regex("^s3://[^/]+(/.*)?[^/]$", var.spline_jars))
    error_message = "It is a folder in S3, without a slash at its end."
  }
}

variable "spline_producer_url" {
  description = "Where the agent sends lineage, as https://HOST/producer."
  type        = string

  validation {
    condition     = startswith(var.spline_producer_url, "https://")
    error_message = "Lineage is sent by TLS."
  }
}

variable "jars" {
  description = "Other JARs that all jobs share."
  type        = list(string)
  default     = []
}

variable "query_execution_listeners" {
  description = "Other classes that listen to queries."
  type        = list(string)
  default     = []
}

variable "log_plugin" {
  description = "The keys of a Spark plugin that takes logs away, such as spark.plugins and the role by which it gets its key."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for key, value in var.log_plugin :
      !contains(["spark.jars", "spark.sql.queryExecutionListeners"], key) && !can(regex("(?i)spline|openlineage|datahub", "${key} ${value}"))
    ])
    error_message = "Use `jars` and `query_execution_listeners`; the keys of lineage agents are the module's."
  }
}

variable "spark_defaults" {
  description = "Other keys of spark-defaults. What the module sets itself has variables of its own."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for key, value in var.spark_defaults :
      !contains(["spark.jars", "spark.sql.queryExecutionListeners"], key) && !can(regex("(?i)spline|openlineage|datahub", "${key} ${value}"))
    ])
    error_message = "Use `jars` and `query_execution_listeners`; the keys of lineage agents are the module's."
  }
}

variable "maximum_cpu" {
  description = "The ceiling of all workers together."
  type        = string
  default     = "400 vCPU"
}

variable "maximum_memory" {
  description = "The ceiling of all workers together."
  type        = string
  default     = "3000 GB"
}

variable "maximum_disk" {
  description = "The ceiling of all workers together."
  type        = string
  default     = "20000 GB"
}

variable "idle_timeout_minutes" {
  description = "How long it idles before it stops."
  type        = number
  default     = 15
}

variable "log_uri" {
  description = "Where logs are kept, as s3://BUCKET/PREFIX/."
  type        = string

  validation {
    condition     = startswith(var.log_uri, "s3://")
    error_message = "It is a place in S3."
  }
}

variable "network" {
  description = "Subnets and security groups, if jobs must reach into a VPC."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null
}
