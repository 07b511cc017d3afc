use crate::estate::Monitoring;
use crate::finding::{Remediation, Verdict};
use crate::remedy::{hcl, target, update};
use crate::settings::Context;
use crate::subject::application::Judged;
use crate::subject::rule::rule;

/// The field of the service's own log store.
const MANAGED: &str = "managedPersistenceMonitoringConfiguration";

rule! {
    /// No logs are kept
    ///
    /// Flags applications that switch the service's own log store off (managed persistence, on by default) and
    /// send logs neither to S3 nor to CloudWatch.
    ///
    /// ## Why it matters
    /// When a job fails, nothing says why. What the lineage agent logs about its start is lost too.
    ///
    /// ## How to fix
    /// Switch managed persistence on, or name an S3 location or a CloudWatch log group.
    ///
    /// Source: EMR Serverless API, `MonitoringConfiguration`.
    "application-logs-disabled", Medium, Application { check, fix }
}

fn check(judged: &Judged<'_>, _: &Context<'_>) -> Verdict {
    let logs = &judged.application.monitoring;
    let kept = logs.managed_persistence != Some(false)
        || logs.s3_log_uri.is_some()
        || logs.cloudwatch == Some(true);
    if kept {
        return Verdict::Pass;
    }
    Verdict::Fail("managed persistence is off, and logs go neither to S3 nor to CloudWatch".into())
}

/// Sets one field of the monitoring configuration, which is set as a whole: all else in it, which an
/// estate doesn't hold whole, is read when the commands run.
fn fix(judged: &Judged<'_>, _: &Context<'_>) -> Remediation {
    let of = target(judged.application);
    let change = format!(
        "--monitoring-configuration \"$(aws emr-serverless get-application {of} --output json --query \
         'merge(application.monitoringConfiguration || `{{}}`, {{{MANAGED}: \
         merge(application.monitoringConfiguration.{MANAGED} || `{{}}`, `{{\"enabled\": true}}`)}})')\""
    );
    let terraform = terraform(&judged.application.monitoring);
    update(judged.application, &change, &terraform)
}

/// The block with what is known of it.
fn terraform(logs: &Monitoring) -> String {
    let block = |name: &str, field: &str| format!("  {name} {{\n    {field}\n  }}\n");
    let managed = block(
        "managed_persistence_monitoring_configuration",
        "enabled = true",
    );
    let cloudwatch = logs.cloudwatch.map(|on| {
        block(
            "cloudwatch_logging_configuration",
            &format!("enabled = {on}"),
        )
    });
    let prometheus = logs.prometheus_url.as_deref().map(|url| {
        let field = format!("remote_write_url = {}", hcl(url));
        block("prometheus_monitoring_configuration", &field)
    });
    let others: String = [cloudwatch, prometheus].into_iter().flatten().collect();
    format!(
        "# keep what else stands in these blocks\nmonitoring_configuration {{\n{managed}{others}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::subject::application::bench::judged;

    fn verdict(managed: Option<bool>, s3: Option<&str>, cloudwatch: Option<bool>) -> Verdict {
        let application = Application {
            monitoring: Monitoring {
                managed_persistence: managed,
                s3_log_uri: s3.map(str::to_owned),
                cloudwatch,
                prometheus_url: None,
            },
            ..Application::example()
        };
        judged(check, &application)
    }

    #[test]
    fn one_place_for_logs_is_enough() {
        assert_eq!(verdict(None, None, None), Verdict::Pass);
        assert_eq!(verdict(Some(false), Some("s3://b/"), None), Verdict::Pass);
        assert_eq!(verdict(Some(false), None, Some(true)), Verdict::Pass);
        assert!(matches!(
            verdict(Some(false), None, Some(false)),
            Verdict::Fail(_)
        ));
        assert!(matches!(verdict(Some(false), None, None), Verdict::Fail(_)));
    }

    #[test]
    fn the_fix_keeps_the_other_fields() {
        let application = Application {
            monitoring: Monitoring {
                managed_persistence: Some(false),
                s3_log_uri: None,
                cloudwatch: Some(false),
                prometheus_url: Some("https://aps/remote_write".into()),
            },
            ..Application::example()
        };
        let cx = Context::example();
        let fix = fix(
            &Judged::new(&application, cx.policy, crate::catalogue::lineage_checks()),
            &cx,
        );
        assert!(
            fix.aws_cli
                .contains("merge(application.monitoringConfiguration || `{}`, "),
            "{}",
            fix.aws_cli
        );
        assert_eq!(
            fix.terraform,
            "# keep what else stands in these blocks\n\
             monitoring_configuration {\n\
             \x20 managed_persistence_monitoring_configuration {\n    enabled = true\n  }\n\
             \x20 cloudwatch_logging_configuration {\n    enabled = false\n  }\n\
             \x20 prometheus_monitoring_configuration {\n    \
             remote_write_url = \"https://aps/remote_write\"\n  }\n}"
        );
    }
}
