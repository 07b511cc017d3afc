locals {
  release = local.releases[var.release_label]
  agent   = "spark-${local.release.spark}-spline-agent-bundle_${local.release.scala}-${local.agents[local.release.spark]}.jar"

  # The later win: nothing that a team sets undoes its lineage.
  spark_defaults = merge(var.spark_defaults, var.log_plugin, local.lineage)

  lineage = {
    "spark.jars"                                       = join(",", concat(["${var.spline_jars}/${local.agent}"], var.jars))
    "spark.sql.queryExecutionListeners"                = join(",", concat(["za.co.absa.spline.harvester.listener.SplineQueryExecutionListener"], var.query_execution_listeners))
    "spark.spline.mode"                                = "ENABLED"
    "spark.spline.lineageDispatcher"                   = "http"
    "spark.spline.lineageDispatcher.http.producer.url" = var.spline_producer_url
  }

  team = { (var.team_tag) = var.team }
  tags = merge(var.tags, local.team)
}
