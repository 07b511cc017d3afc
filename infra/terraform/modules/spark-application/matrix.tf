# The public Spline agent of each EMR release: copied from rules/spark/releases.toml and rules/spark/agents.toml, which name
# their sources; a test holds them together. A release that is not here has no agent that is built for it: none
# exists for Scala 2.13 or Spark 4, and so none for emr-spark-8.

locals {
  # What each release runs, as binary versions.
  releases = {
    "emr-6.6.0"  = { spark = "3.2", scala = "2.12" }
    "emr-6.7.0"  = { spark = "3.2", scala = "2.12" }
    "emr-6.8.0"  = { spark = "3.3", scala = "2.12" }
    "emr-6.9.0"  = { spark = "3.3", scala = "2.12" }
    "emr-6.10.0" = { spark = "3.3", scala = "2.12" }
    "emr-6.11.0" = { spark = "3.3", scala = "2.12" }
    "emr-6.12.0" = { spark = "3.4", scala = "2.12" }
    "emr-6.13.0" = { spark = "3.4", scala = "2.12" }
    "emr-6.14.0" = { spark = "3.4", scala = "2.12" }
    "emr-6.15.0" = { spark = "3.4", scala = "2.12" }
    "emr-7.0.0"  = { spark = "3.5", scala = "2.12" }
    "emr-7.1.0"  = { spark = "3.5", scala = "2.12" }
    "emr-7.2.0"  = { spark = "3.5", scala = "2.12" }
    "emr-7.3.0"  = { spark = "3.5", scala = "2.12" }
    "emr-7.4.0"  = { spark = "3.5", scala = "2.12" }
    "emr-7.5.0"  = { spark = "3.5", scala = "2.12" }
    "emr-7.6.0"  = { spark = "3.5", scala = "2.12" }
    "emr-7.7.0"  = { spark = "3.5", scala = "2.12" }
    "emr-7.8.0"  = { spark = "3.5", scala = "2.12" }
    "emr-7.9.0"  = { spark = "3.5", scala = "2.12" }
    "emr-7.10.0" = { spark = "3.5", scala = "2.12" }
    "emr-7.11.0" = { spark = "3.5", scala = "2.12" }
    "emr-7.12.0" = { spark = "3.5", scala = "2.12" }
    "emr-7.13.0" = { spark = "3.5", scala = "2.12" }
    "emr-7.14.0" = { spark = "3.5", scala = "2.12" }
  }

  # The newest version of the agent for each Spark.
  agents = {
    "3.2" = "2.2.3"
    "3.3" = "2.2.3"
    "3.4" = "2.2.3"
    "3.5" = "2.2.3"
  }
}
