use super::Judged;
use crate::finding::{Remediation, Verdict};
use crate::remediation::update;
use crate::rule::{Context, rule};

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

fn fix(judged: &Judged<'_>, _: &Context<'_>) -> Remediation {
    let managed = "--monitoring-configuration \
                   '{\"managedPersistenceMonitoringConfiguration\":{\"enabled\":true}}'";
    let terraform = "monitoring_configuration {\n  managed_persistence_monitoring_configuration {\n    \
                     enabled = true\n  }\n}";
    update(judged.application, managed, terraform)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::bench::judged;
    use crate::estate::Application;
    use crate::estate::Monitoring;

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
}
