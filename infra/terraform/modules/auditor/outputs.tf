output "auditor_role_arn" {
  description = "The role that the member roles trust."
  value       = aws_cloudformation_stack.auditor.outputs["AuditorRoleArn"]
}

output "event_bus_arn" {
  description = "The bus that member accounts forward events to."
  value       = aws_cloudformation_stack.auditor.outputs["EventBusArn"]
}

output "bucket" {
  description = "Where the configuration and the reports are."
  value       = aws_cloudformation_stack.auditor.outputs["BucketName"]
}

output "routing_key_arn" {
  description = "The secret of the default routing key, which has no value until one is put."
  value       = aws_cloudformation_stack.auditor.outputs["RoutingKeyArn"]
}

output "state_machine_arn" {
  description = "The fan-out."
  value       = aws_cloudformation_stack.auditor.outputs["StateMachineArn"]
}

output "function_name" {
  description = "The Lambda that scans."
  value       = aws_cloudformation_stack.auditor.outputs["FunctionName"]
}
