output "template" {
  description = "The template, for a plain stack in the management account, which the StackSet leaves out."
  value       = local.template
}

output "parameters" {
  description = "Its parameters."
  value       = local.parameters
}
