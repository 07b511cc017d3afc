use crate::finding::Fault;
use crate::settings::Context;
use crate::subject::application::ApplicationSubject;
use crate::subject::rule::rule;

rule! {
    /// An interactive endpoint can't be audited
    ///
    /// Names Spark applications with a Livy endpoint or EMR Studio switched on, once each. What their
    /// sessions are started with, no API of EMR Serverless shows, so it is always `unknown`. Spark Connect
    /// sessions are read and judged. No API shows either what a job's code sets:
    /// `SparkSession.builder.config("spark.sql.queryExecutionListeners", "")` or
    /// `listenerManager.clear()` switches lineage off unseen in any application.
    ///
    /// ## Why it matters
    /// A Livy session carries its own `conf`, which may replace JARs and listeners and so lose lineage.
    ///
    /// ## How to fix
    /// Switch the endpoint off where nobody needs it, or accept it with an `[[exemption]]`. The application
    /// must be stopped for the change.
    ///
    /// Source: EMR Serverless API, `GetApplication` and `GetSession`; Apache Livy, `POST /sessions`. Whether
    /// such sessions appear in `ListJobRuns` is not established.
    "interactive-endpoint-unaudited", Low, Application { check }
}

fn check(judged: &ApplicationSubject<'_>, _: &Context<'_>) -> Vec<Fault> {
    let interactive = &judged.application.interactive;
    let open = match (interactive.livy, interactive.studio) {
        _ if !judged.application.is_spark() => return Vec::new(),
        (false, false) => return Vec::new(),
        (true, false) => "its Livy endpoint is open",
        (false, true) => "it is open to EMR Studio",
        (true, true) => "its Livy endpoint is open, and it is open to EMR Studio",
    };
    let reason = format!("{open}: what sessions set there can't be read");
    vec![Fault::unknown(reason)]
}

/// Only its owner knows whether somebody needs it.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::estate::Interactive;
    use crate::finding::Verdict;
    use crate::subject::application::bench::judged;

    fn verdict(livy: bool, studio: bool) -> Verdict {
        let interactive = Interactive {
            livy,
            studio,
            session: true,
        };
        let application = Application {
            interactive,
            ..Application::example()
        };
        judged(check, &application)
    }

    #[test]
    fn sessions_are_audited_livy_and_studio_are_not() {
        assert_eq!(verdict(false, false), Verdict::Pass);
        for (livy, studio) in [(true, false), (false, true), (true, true)] {
            assert!(matches!(verdict(livy, studio), Verdict::Unknown(_)));
        }
    }
}
