# The stacks that are linted, deployed and run in the tests, rather than a second text of them.

resource "aws_s3_object" "code" {
  bucket      = var.code_bucket
  key         = "${var.name}/${basename(var.zip)}"
  source      = var.zip
  source_hash = filemd5(var.zip)
  tags        = var.tags
}

resource "aws_cloudformation_stack" "auditor" {
  #checkov:skip=CKV_AWS_124:Terraform waits for the stack and reports how it ended; what runs later has alarms of its own.
  name          = var.name
  template_body = file("${path.module}/../../../auditor.yaml")
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  tags          = var.tags

  parameters = {
    OrganizationId        = var.organization_id
    ExternalId            = var.external_id
    AuditorRoleName       = var.auditor_role_name
    MemberRoleName        = var.member_role_name
    OperatorPrincipalArns = join(",", var.operator_principal_arns)
    CodeBucket            = var.code_bucket
    CodeKey               = aws_s3_object.code.key
    Architecture          = var.architecture
    MemorySize            = var.memory_size
    EventMemorySize       = var.event_memory_size
    EphemeralStorage      = var.ephemeral_storage
    ScheduleMode          = var.schedule_mode
    ScheduleExpression    = var.schedule_expression
    ScheduleTimezone      = var.schedule_timezone
    ScheduleState         = var.schedule_state
    ScheduleGroup         = var.schedule_group
    EventsState           = var.events_state
    ScanConcurrency       = var.scan_concurrency
    EventConcurrency      = var.event_concurrency
    ReserveConcurrency    = var.reserve_concurrency
    ReportRetentionDays   = var.report_retention_days
    ObjectLockDays        = var.object_lock_days
    LogRetentionDays      = var.log_retention_days
    LogClass              = var.log_class
    RolePath              = var.role_path
    PermissionsBoundary   = var.permissions_boundary
    KmsKeyArn             = var.kms_key_arn
    SubnetIds             = join(",", var.subnet_ids)
    SecurityGroupIds      = join(",", var.security_group_ids)
  }
}

resource "aws_cloudformation_stack" "alarms" {
  #checkov:skip=CKV_AWS_124:Terraform waits for the stack and reports how it ended; it is the alarms.
  name          = "${var.name}-alarms"
  template_body = file("${path.module}/../../../alarms.yaml")
  tags          = var.tags

  parameters = {
    Auditor           = aws_cloudformation_stack.auditor.name
    AlarmTopicArn     = var.alarm_topic_arn
    AlarmsState       = var.alarms_state
    WatchesEvents     = var.watches_events
    HoursWithoutRun   = var.hours_without_run
    HoursOfLedger     = var.hours_of_ledger
    DaysWithoutEvents = var.days_without_events
  }
}

resource "aws_s3_object" "configuration" {
  bucket       = aws_cloudformation_stack.auditor.outputs["BucketName"]
  key          = "config/lineward.toml"
  content      = var.configuration
  content_type = "application/toml"
}
