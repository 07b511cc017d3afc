locals {
  template = file("${path.module}/../../../member-role.yaml")

  parameters = {
    OrganizationId = var.organization_id
    AuditorRoleArn = var.auditor_role_arn
    ExternalId     = var.external_id
    MemberRoleName = var.member_role_name
    EventBusArn    = var.event_bus_arn
    HomeRegion     = var.home_region
  }
}

# Every account below the organizational units, and each that joins them later. The provider's account is the
# delegated administrator of StackSets.
resource "aws_cloudformation_stack_set" "members" {
  name             = var.name
  description      = "Lineward: a role that may only read, and rules that tell of changes"
  template_body    = local.template
  parameters       = local.parameters
  permission_model = "SERVICE_MANAGED"
  call_as          = "DELEGATED_ADMIN"
  capabilities     = ["CAPABILITY_NAMED_IAM"]

  # An account that joins while Terraform works would make its next operation fail.
  managed_execution {
    active = true
  }

  auto_deployment {
    enabled                          = true
    retain_stacks_on_account_removal = false
  }

  operation_preferences {
    region_order                 = local.regions
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 100
  }

  lifecycle {
    # AWS fills it in for service-managed permissions.
    ignore_changes = [administration_role_arn]
  }
}

locals {
  # The home Region comes first: its stacks make the role that the rules of the others name.
  regions = concat([var.home_region], [for region in var.regions : region if region != var.home_region])
}

resource "aws_cloudformation_stack_set_instance" "home" {
  stack_set_name            = aws_cloudformation_stack_set.members.name
  stack_set_instance_region = var.home_region
  call_as                   = "DELEGATED_ADMIN"

  deployment_targets {
    organizational_unit_ids = var.organizational_unit_ids
  }

  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 100
  }
}

resource "aws_cloudformation_stack_set_instance" "others" {
  for_each = toset([for region in var.regions : region if region != var.home_region])

  stack_set_name            = aws_cloudformation_stack_set.members.name
  stack_set_instance_region = each.value
  call_as                   = "DELEGATED_ADMIN"

  deployment_targets {
    organizational_unit_ids = var.organizational_unit_ids
  }

  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 100
  }

  depends_on = [aws_cloudformation_stack_set_instance.home]
}
