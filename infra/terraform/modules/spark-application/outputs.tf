output "id" {
  description = "The application's id, by which jobs are started."
  value       = aws_emrserverless_application.this.id
}

output "arn" {
  description = "The application's ARN."
  value       = aws_emrserverless_application.this.arn
}

output "spark_defaults" {
  description = "For jobs that bring spark-defaults of their own: merge these into them."
  value       = local.spark_defaults
}
