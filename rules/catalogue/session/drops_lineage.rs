use crate::finding::{Fault, Remediation};
use crate::remedy::{edits_between, open_with};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::session::SessionSubject;

rule! {
    /// A session drops its application's lineage
    ///
    /// Flags Spark Connect sessions that were started with a runtime configuration which loses the lineage
    /// that their application has: a `spark-defaults` or `core-site` of their own, which **replaces** the
    /// application's whole on every release before emr-spark-8.1.0, or lists without the agent and its listener. The
    /// sessions of one name, or of one person where they have none, make one finding for each cause.
    ///
    /// What is set in the session itself no API shows; Livy and EMR Studio are named by
    /// `interactive-endpoint-unaudited`.
    ///
    /// ## Why it matters
    /// What the session reads and writes is missing from the lineage.
    ///
    /// ## How to fix
    /// Start the session with the configuration that the finding gives.
    ///
    /// Source: EMR Serverless API, `StartSession`; release notes of emr-spark-8.1.0, of job and session.
    "session-drops-lineage", High, Session { check }
}

fn check<'a>(opened: &SessionSubject<'a>, cx: &Context<'a>) -> Vec<Fault> {
    let Some(dropped) = opened.started.dropped(cx) else {
        return Vec::new();
    };
    let cause = dropped.cause();
    let mended = opened.started.mended(cx);
    let mended = mended.map_or_else(Remediation::default, |mended| {
        let edits = edits_between(&opened.session.configuration, &mended.configuration);
        open_with(opened.session, &edits)
    });
    let faults = Fault::of_verdict(dropped.verdict).into_iter();
    faults
        .map(|fault| fault.part(cause).mended_by(mended.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Application, Configuration, Session};
    use crate::finding::Verdict;
    use crate::subject::application::ApplicationSubject;
    use crate::subject::rule::bench::verdict as told;

    fn verdict(overrides: &[(&str, &str)]) -> Verdict {
        let cx = Context::example();
        let application = Application::example();
        let judged =
            ApplicationSubject::new(&application, cx.policy, crate::catalogue::lineage_checks());
        let mut session = Session::example();
        if !overrides.is_empty() {
            session.configuration = vec![Configuration::new("spark-defaults", overrides)];
        }
        told(check(
            &SessionSubject::new(&session, &judged, cx.policy),
            &cx,
        ))
    }

    #[test]
    fn a_session_without_overrides_keeps_lineage() {
        assert_eq!(verdict(&[]), Verdict::Pass);
    }

    #[test]
    fn defaults_of_its_own_drop_it() {
        let found = verdict(&[("spark.executor.memory", "8g")]);
        let start = "on emr-7.1.0 the session's `spark-defaults` replaces the application's whole";
        assert!(
            matches!(&found, Verdict::Fail(text) if text.starts_with(start)),
            "{found:?}"
        );
    }

    fn fixed(configuration: Configuration) -> String {
        let cx = Context::example();
        let application = Application::example();
        let judged =
            ApplicationSubject::new(&application, cx.policy, crate::catalogue::lineage_checks());
        let session = Session {
            configuration: vec![configuration],
            ..Session::example()
        };
        check(&SessionSubject::new(&session, &judged, cx.policy), &cx)[0]
            .remedy
            .written()
            .aws_cli
    }

    #[test]
    fn the_fix_brings_back_what_was_lost() {
        let memory = [("spark.executor.memory", "8g")];
        let fix = fixed(Configuration::new("spark-defaults", &memory));
        for set in ["spline-7.1.0.jar", "SplineQueryExecutionListener"] {
            assert!(fix.contains(set), "{fix}");
        }
        assert!(!fix.contains("spark.executor.memory"), "{fix}");
    }

    #[test]
    fn the_fix_mends_core_site_too() {
        let own = [("fs.s3.a", "b"), ("spline.mode", "DISABLED")];
        let fix = fixed(Configuration::new("core-site", &own));
        let taken = "at(\"core-site\"; del(.[\"spline.mode\"]))";
        assert!(!fix.contains("fs.s3.a") && fix.contains(taken), "{fix}");
    }
}
