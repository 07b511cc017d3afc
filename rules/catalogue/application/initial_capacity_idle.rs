use jiff::SignedDuration;

use crate::finding::Fault;
use crate::remedy::stop;
use crate::settings::Context;
use crate::subject::application::ApplicationSubject;
use crate::subject::rule::rule;

rule! {
    /// Initial capacity is kept warm for nobody
    ///
    /// Flags applications that are started, keep initial capacity, and have had no job run and no session in
    /// the window that was read, nor a change in the last `minutes` of
    /// `[rules.application-initial-capacity-idle]`, 60 by default. Where a Livy endpoint or EMR Studio is
    /// open, somebody may be using it unseen, and it passes. Where job runs were not read, or not as far back, it
    /// is `unknown`.
    ///
    /// ## Why it matters
    /// Initial workers are paid for from the start of the application until it stops.
    ///
    /// ## How to fix
    /// Stop the application, switch auto-stop on, or remove its initial capacity.
    ///
    /// Source: EMR Serverless User Guide, "Configuring and using pre-initialized capacity".
    "application-initial-capacity-idle", Low, Application { check }, parameters: InitialCapacityIdle
}

fn check(judged: &ApplicationSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let application = judged.application;
    let warm: i64 = application
        .initial_capacity
        .values()
        .map(|workers| workers.worker_count)
        .sum();
    let interactive = application.interactive.livy || application.interactive.studio;
    let patience = SignedDuration::from_mins(cx.policy.rules.initial_capacity_idle.minutes);
    let fresh = application
        .updated_at
        .is_some_and(|at| cx.now.duration_since(at) < patience);
    if warm == 0 || application.state != "STARTED" || interactive || fresh {
        return Vec::new();
    }
    match judged.is_active {
        Some(true) => Vec::new(),
        Some(false) => {
            let evidence =
                format!("{warm} workers are kept warm, and no job run or session was seen");
            vec![Fault::fail(evidence).mended_by(stop(application))]
        }
        None => vec![Fault::unknown(format!(
            "{warm} workers are kept warm; whether job runs or sessions use them was not read"
        ))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Application, InitialCapacity};
    use crate::finding::Verdict;
    use crate::subject::rule::bench::verdict as told;

    fn warm() -> Application {
        let mut application = Application::example();
        let driver = InitialCapacity {
            worker_count: 2,
            worker: None,
        };
        application.initial_capacity.insert("Driver".into(), driver);
        application
    }

    fn verdict(application: &Application, is_active: Option<bool>, minutes: i64) -> Verdict {
        let mut cx = Context::example();
        cx.now += SignedDuration::from_mins(minutes);
        let judged = ApplicationSubject {
            is_active,
            ..ApplicationSubject::new(application, cx.policy, crate::catalogue::lineage_checks())
        };
        told(check(&judged, &cx))
    }

    #[test]
    fn warm_workers_want_work() {
        let example = Application::example();
        assert_eq!(verdict(&example, Some(false), 600), Verdict::Pass);
        assert_eq!(verdict(&warm(), Some(true), 600), Verdict::Pass);
        assert!(matches!(
            verdict(&warm(), Some(false), 600),
            Verdict::Fail(_)
        ));
        assert!(matches!(verdict(&warm(), None, 600), Verdict::Unknown(_)));
    }

    #[test]
    fn what_was_just_started_has_time() {
        assert_eq!(verdict(&warm(), Some(false), 59), Verdict::Pass);
        assert!(matches!(
            verdict(&warm(), Some(false), 60),
            Verdict::Fail(_)
        ));
    }

    #[test]
    fn a_stopped_application_is_no_waste() {
        let stopped = Application {
            state: "STOPPED".into(),
            ..warm()
        };
        assert_eq!(verdict(&stopped, Some(false), 600), Verdict::Pass);
    }
}
