# 1.9 lets a validation of a variable look at locals; the provider has runtime_configuration and
# monitoring_configuration since 6.19.0.
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.19"
    }
  }
}
