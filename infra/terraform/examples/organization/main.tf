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
  code_key        = "lineward-1.0.0.zip"
  configuration   = file("${path.module}/lineward.toml")
}

module "members" {
  source = "../../modules/member-role"

  organization_id         = local.organization_id
  organizational_unit_ids = ["r-exam"]
  auditor_role_arn        = module.auditor.auditor_role_arn
  external_id             = local.external_id
  event_bus_arn           = module.auditor.event_bus_arn
  regions                 = ["eu-west-1", "us-east-1"]
  home_region             = local.home_region
}

# Of each further Region in `regions`, one more such stack forwards the management account's events.
resource "aws_cloudformation_stack" "management" {
  #checkov:skip=CKV_AWS_124:Terraform waits for the stack and reports how it ended; nothing in it runs later.
  provider = aws.management

  name          = "lineward-member"
  template_body = module.members.template
  parameters    = module.members.parameters
  capabilities  = ["CAPABILITY_NAMED_IAM"]
}
