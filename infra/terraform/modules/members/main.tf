locals {
  role_parameters = {
    OrganizationId      = var.organization_id
    AuditorRoleArn      = var.auditor_role_arn
    ExternalId          = var.external_id
    MemberRoleName      = var.member_role_name
    RolePath            = var.role_path
    EventBusArn         = var.event_bus_arn
    PermissionsBoundary = var.permissions_boundary
  }

  rules_parameters = {
    MemberRoleName   = var.member_role_name
    RolePath         = var.role_path
    EventBusArn      = var.event_bus_arn
    RulesState       = var.rules_state
    RoleChangesState = var.role_changes_state
  }
}

# Every account below the organizational units, and each that joins them later.
resource "aws_cloudformation_stack_set" "roles" {
  name             = var.name
  description      = "Lineward: a role that may only read, and one that forwards events"
  template_body    = file("${path.module}/../../../member-role.yaml")
  parameters       = local.role_parameters
  permission_model = "SERVICE_MANAGED"
  call_as          = var.call_as
  capabilities     = ["CAPABILITY_NAMED_IAM"]
  tags             = var.tags

  # An account that joins while Terraform works would make its next operation fail.
  managed_execution {
    active = true
  }

  auto_deployment {
    enabled                          = true
    retain_stacks_on_account_removal = false
  }

  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 100
  }

  lifecycle {
    # AWS fills it in for service-managed permissions.
    ignore_changes = [administration_role_arn]
  }
}

# IAM is global: one Region of each account makes the roles.
resource "aws_cloudformation_stack_set_instance" "roles" {
  stack_set_name            = aws_cloudformation_stack_set.roles.name
  stack_set_instance_region = var.home_region
  call_as                   = var.call_as

  deployment_targets {
    organizational_unit_ids = var.organizational_unit_ids
  }

  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 100
  }
}

resource "aws_cloudformation_stack_set" "rules" {
  count = var.event_bus_arn == "" ? 0 : 1

  name             = "${var.name}-rules"
  description      = "Lineward: rules that tell what changed"
  template_body    = file("${path.module}/../../../member-rules.yaml")
  parameters       = local.rules_parameters
  permission_model = "SERVICE_MANAGED"
  call_as          = var.call_as
  tags             = var.tags

  # An account that joins while Terraform works would make its next operation fail.
  managed_execution {
    active = true
  }

  auto_deployment {
    enabled                          = true
    retain_stacks_on_account_removal = false
  }

  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 100
  }

  lifecycle {
    # AWS fills it in for service-managed permissions.
    ignore_changes = [administration_role_arn]
  }
}

resource "aws_cloudformation_stack_set_instance" "rules" {
  for_each = toset(var.event_bus_arn == "" ? [] : var.regions)

  stack_set_name            = aws_cloudformation_stack_set.rules[0].name
  stack_set_instance_region = each.value
  call_as                   = var.call_as

  deployment_targets {
    organizational_unit_ids = var.organizational_unit_ids
  }

  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 100
  }

  # A rule names the role that forwards.
  depends_on = [aws_cloudformation_stack_set_instance.roles]
}
