# Lineward for an organization: the auditor in the security account, which is the delegated administrator of
# StackSets, a role in every account, and the same role in the management account as a stack of its own.

provider "aws" {
  region = "eu-west-1"
}

provider "aws" {
  alias  = "management"
  region = local.home_region

  assume_role {
    role_arn = "arn:aws:iam::111122223333:role/deployer"
  }
}

locals {
  organization_id = "o-exampleorgid"
  external_id     = "example-external-id"
  home_region     = "us-east-1"
}

module "auditor" {
  source = "../../modules/auditor"

  organization_id = local.organization_id
  external_id     = local.external_id
  code_bucket     = "example-code"
  zip             = "lineward-0.1.0-x86_64.zip"
  configuration   = file("${path.module}/lineward.toml")

  # A quiet start. First `aws lambda invoke` with {"task":"audit","baseline":true}, which pages nobody for what was
  # always so; then ENABLED, all three.
  schedule_state = "DISABLED"
  events_state   = "DISABLED"
  alarms_state   = "DISABLED"
}

module "members" {
  source = "../../modules/members"

  organization_id         = local.organization_id
  organizational_unit_ids = ["r-exam"]
  auditor_role_arn        = module.auditor.auditor_role_arn
  external_id             = local.external_id
  event_bus_arn           = module.auditor.event_bus_arn
  regions                 = ["eu-west-1", "us-east-1"]
  home_region             = local.home_region
}

resource "aws_cloudformation_stack" "management_roles" {
  #checkov:skip=CKV_AWS_124:Terraform waits for the stack and reports how it ended; nothing in it runs later.
  provider = aws.management

  name          = "lineward-member"
  template_body = module.members.role_template
  parameters    = module.members.role_parameters
  capabilities  = ["CAPABILITY_NAMED_IAM"]
}

# Of each further Region in `regions`, one more such stack forwards the management account's events.
resource "aws_cloudformation_stack" "management_rules" {
  #checkov:skip=CKV_AWS_124:Terraform waits for the stack and reports how it ended; nothing in it runs later.
  provider = aws.management

  name          = "lineward-member-rules"
  template_body = module.members.rules_template
  parameters    = module.members.rules_parameters
  depends_on    = [aws_cloudformation_stack.management_roles]
}
