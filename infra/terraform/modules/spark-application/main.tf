resource "aws_emrserverless_application" "this" {
  name          = var.name
  release_label = var.release_label
  type          = "spark"
  architecture  = var.architecture
  tags          = local.tags

  # A job with spark-defaults of its own replaces these whole, until emr-spark-8.1.0: it must bring the agent
  # along. Lineward's rule job-run-drops-lineage finds those that don't.
  runtime_configuration {
    classification = "spark-defaults"
    properties     = local.spark_defaults
  }

  maximum_capacity {
    cpu    = var.maximum_cpu
    memory = var.maximum_memory
    disk   = var.maximum_disk
  }

  auto_start_configuration {
    enabled = true
  }

  auto_stop_configuration {
    enabled              = true
    idle_timeout_minutes = var.idle_timeout_minutes
  }

  monitoring_configuration {
    managed_persistence_monitoring_configuration {
      enabled = true
    }

    s3_monitoring_configuration {
      log_uri = var.log_uri
    }
  }

  # What sessions of these set can't be audited.
  interactive_configuration {
    livy_endpoint_enabled = false
    studio_enabled        = false
  }

  dynamic "network_configuration" {
    for_each = var.network[*]

    content {
      subnet_ids         = network_configuration.value.subnet_ids
      security_group_ids = network_configuration.value.security_group_ids
    }
  }
}
