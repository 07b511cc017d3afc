use crate::finding::{Attribute, Edit, Fault};
use crate::settings::Context;
use crate::subject::application::ApplicationSubject;
use crate::subject::rule::rule;

rule! {
    /// An application idles too long before it stops
    ///
    /// Flags applications whose auto-stop waits for more idle minutes than `minutes` of
    /// `[rules.application-idle-timeout-long]`, 60 by default. The service's own default is 15.
    ///
    /// ## Why it matters
    /// Initial capacity is paid for while nothing runs.
    ///
    /// ## How to fix
    /// Lower the idle timeout. The application must be stopped for the change.
    ///
    /// Source: EMR Serverless API, `AutoStopConfig`.
    "application-idle-timeout-long", Low, Application { check }, parameters: IdleTimeoutLong
}

fn check(judged: &ApplicationSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let stop = judged
        .application
        .auto_stop
        .as_ref()
        .filter(|stop| stop.enabled);
    let most = cx.policy.rules.idle_timeout_long.minutes;
    match stop.and_then(|stop| stop.idle_timeout_minutes) {
        Some(minutes) if minutes > most => {
            let evidence = format!("it stops after {minutes} idle minutes, more than {most}");
            vec![Fault::fail(evidence).mended_by(vec![auto_stop(cx)])]
        }
        _ => Vec::new(),
    }
}

/// Switches auto-stop on, after as many minutes as are allowed or the service's default.
pub(super) fn auto_stop(cx: &Context<'_>) -> Edit {
    let minutes = cx.policy.rules.idle_timeout_long.minutes.min(15);
    Edit::Attribute(Attribute {
        member: "autoStopConfiguration".into(),
        program: format!("{{enabled: true, idleTimeoutMinutes: {minutes}}}"),
        asked: Vec::new(),
        terraform: format!(
            "auto_stop_configuration {{\n  enabled              = true\n  idle_timeout_minutes = {minutes}\n}}"
        ),
        while_running: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::estate::AutoStop;
    use crate::finding::Verdict;
    use crate::subject::application::bench::judged;

    #[test]
    fn the_threshold_itself_passes() {
        let verdict = |minutes| {
            let auto_stop = Some(AutoStop {
                enabled: true,
                idle_timeout_minutes: minutes,
            });
            let application = Application {
                auto_stop,
                ..Application::example()
            };
            judged(check, &application)
        };
        assert_eq!(verdict(None), Verdict::Pass);
        assert_eq!(verdict(Some(60)), Verdict::Pass);
        assert!(matches!(verdict(Some(61)), Verdict::Fail(_)));
    }
}
