use crate::finding::{Remediation, Verdict};
use crate::remedy::{shell, update};
use crate::settings::Context;
use crate::subject::application::Judged;
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
    "application-idle-timeout-long", Low, Application { check, fix }, parameters: IdleTimeoutLong
}

fn check(judged: &Judged<'_>, cx: &Context<'_>) -> Verdict {
    let stop = judged
        .application
        .auto_stop
        .as_ref()
        .filter(|stop| stop.enabled);
    let most = cx.policy.rules.idle_timeout_long.minutes;
    match stop.and_then(|stop| stop.idle_timeout_minutes) {
        Some(minutes) if minutes > most => Verdict::Fail(format!(
            "it stops after {minutes} idle minutes, more than {most}"
        )),
        _ => Verdict::Pass,
    }
}

fn fix(judged: &Judged<'_>, cx: &Context<'_>) -> Remediation {
    auto_stop(judged, cx)
}

/// Switches auto-stop on, after as many minutes as are allowed or the service's default.
pub(super) fn auto_stop(judged: &Judged<'_>, cx: &Context<'_>) -> Remediation {
    let minutes = cx.policy.rules.idle_timeout_long.minutes.min(15);
    let stop = serde_json::json!({ "enabled": true, "idleTimeoutMinutes": minutes }).to_string();
    update(
        judged.application,
        &format!("--auto-stop-configuration {}", shell(&stop)),
        &format!(
            "auto_stop_configuration {{\n  enabled              = true\n  idle_timeout_minutes = {minutes}\n}}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Application;
    use crate::estate::AutoStop;
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
