use crate::catalogue::application::idle_timeout_long::auto_stop;
use crate::finding::Fault;
use crate::settings::Context;
use crate::subject::application::ApplicationSubject;
use crate::subject::rule::rule;

rule! {
    /// An application never stops by itself
    ///
    /// Flags applications whose auto-stop is switched off. It is on by default.
    ///
    /// ## Why it matters
    /// A started application keeps its initial capacity, and what its sessions hold, until somebody stops it.
    ///
    /// ## How to fix
    /// Switch auto-stop on. The application must be stopped for the change.
    ///
    /// Source: EMR Serverless API, `AutoStopConfig`.
    "application-auto-stop-disabled", Low, Application { check }
}

fn check(judged: &ApplicationSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    match &judged.application.auto_stop {
        Some(stop) if !stop.enabled => {
            vec![Fault::fail("auto-stop is off").mended_by(vec![auto_stop(cx)])]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::estate::AutoStop;
    use crate::finding::Verdict;
    use crate::subject::application::bench::judged;

    #[test]
    fn only_what_is_switched_off_fails() {
        let verdict = |auto_stop| {
            let application = Application {
                auto_stop,
                ..Application::example()
            };
            judged(check, &application)
        };
        let stop = |enabled| AutoStop {
            enabled,
            idle_timeout_minutes: None,
        };
        assert_eq!(verdict(None), Verdict::Pass);
        assert_eq!(verdict(Some(stop(true))), Verdict::Pass);
        assert!(matches!(verdict(Some(stop(false))), Verdict::Fail(_)));
    }
}
