output "role_template" {
  description = "The template of the roles, for a plain stack in the management account, which StackSets leave out."
  value       = file("${path.module}/../../../member-role.yaml")
}

output "role_parameters" {
  description = "Its parameters."
  value       = local.role_parameters
}

output "rules_template" {
  description = "The template of the rules, for a plain stack in each Region of the management account."
  value       = file("${path.module}/../../../member-rules.yaml")
}

output "rules_parameters" {
  description = "Its parameters."
  value       = local.rules_parameters
}
