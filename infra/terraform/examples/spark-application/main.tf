# An application of the team `ads`, with all that the module lets a team choose.

provider "aws" {
  region = "eu-west-1"
}

module "daily" {
  source = "../../modules/spark-application"

  name                = "daily"
  team                = "ads"
  release_label       = "emr-7.12.0"
  spline_jars         = "s3://example-artifacts/spline"
  spline_producer_url = "https://lineage.example.internal/producer"
  log_uri             = "s3://example-logs/ads/"

  jars           = ["s3://example-artifacts/shared/1.4.2/shared.jar"]
  spark_defaults = { "spark.dynamicAllocation.maxExecutors" = "50" }
  log_plugin = {
    "spark.plugins"               = "com.example.LoggerSparkPlugin"
    "spark.example.vaultAuthRole" = "ads-logs"
  }

  maximum_cpu    = "200 vCPU"
  maximum_memory = "1500 GB"

  network = {
    subnet_ids         = ["subnet-0123456789abcdef0"]
    security_group_ids = ["sg-0123456789abcdef0"]
  }

  tags = { CostCenter = "7" }
}

output "application_id" {
  value = module.daily.id
}
