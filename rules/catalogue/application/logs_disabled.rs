use crate::finding::{Attribute, Edit, Fault};
use crate::settings::Context;
use crate::subject::application::ApplicationSubject;
use crate::subject::rule::rule;

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
    "application-logs-disabled", Medium, Application { check }
}

fn check(judged: &ApplicationSubject<'_>, _: &Context<'_>) -> Vec<Fault> {
    let logs = &judged.application.monitoring;
    let kept = logs.managed_persistence != Some(false)
        || logs.s3_log_uri.is_some()
        || logs.cloudwatch == Some(true);
    if kept {
        return Vec::new();
    }
    let evidence = "managed persistence is off, and logs go neither to S3 nor to CloudWatch";
    vec![Fault::fail(evidence).mended_by(vec![keep_logs()])]
}

/// Sets one field of the monitoring configuration, which is set as a whole: all else in it is read when the
/// commands run.
fn keep_logs() -> Edit {
    Edit::Attribute(Attribute {
        member: "monitoringConfiguration".into(),
        program: ".monitoringConfiguration // {} | \
                  .managedPersistenceMonitoringConfiguration.enabled = true"
            .into(),
        asked: Vec::new(),
        terraform: "# in monitoring_configuration\n\
                    managed_persistence_monitoring_configuration {\n  enabled = true\n}"
            .into(),
        while_running: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::estate::Monitoring;
    use crate::finding::Verdict;
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
        let Edit::Attribute(Attribute { program, .. }) = keep_logs() else {
            unreachable!();
        };
        let live = r#"{"monitoringConfiguration":{"prometheusMonitoringConfiguration":{"remoteWriteUrl":"x"},
            "managedPersistenceMonitoringConfiguration":{"enabled":false,"encryptionKeyArn":"k"}}}"#;
        let mended = std::process::Command::new("jq")
            .args(["-nc", &format!("{live} | {program}")])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(mended.stdout).unwrap().trim(),
            r#"{"prometheusMonitoringConfiguration":{"remoteWriteUrl":"x"},"managedPersistenceMonitoringConfiguration":{"enabled":true,"encryptionKeyArn":"k"}}"#
        );
    }
}
