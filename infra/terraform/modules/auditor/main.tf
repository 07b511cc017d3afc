# The stack that is linted, deployed and run in the tests, rather than a second text of it.
resource "aws_cloudformation_stack" "auditor" {
  #checkov:skip=CKV_AWS_124:Terraform waits for the stack and reports how it ended; what runs later has alarms of its own.
  name          = var.name
  template_body = file("${path.module}/../../../auditor.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  tags          = var.tags

  parameters = {
    OrganizationId      = var.organization_id
    ExternalId          = var.external_id
    CodeBucket          = var.code_bucket
    CodeKey             = var.code_key
    AuditorRoleName     = var.auditor_role_name
    MemberRoleName      = var.member_role_name
    ScheduleMode        = var.schedule_mode
    ScheduleExpression  = var.schedule_expression
    ScheduleState       = var.schedule_state
    MemorySize          = var.memory_size
    ScanConcurrency     = var.scan_concurrency
    EventConcurrency    = var.event_concurrency
    ReportRetentionDays = var.report_retention_days
    LogRetentionDays    = var.log_retention_days
    AlarmTopicArn       = var.alarm_topic_arn
  }
}

resource "aws_s3_object" "configuration" {
  bucket       = aws_cloudformation_stack.auditor.outputs["BucketName"]
  key          = "config/lineward.toml"
  content      = var.configuration
  content_type = "application/toml"
}
