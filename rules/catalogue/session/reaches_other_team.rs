use std::collections::BTreeSet;

use crate::finding::{Fault, Severity};
use crate::settings::Context;
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;
use crate::subject::takeover::{Place, Way, of_others};

rule! {
    /// A role may take over another team's sessions
    ///
    /// Flags statements by which a role of a team may come into sessions of another team's application in its account:
    /// with `emr-serverless:GetSessionEndpoint` into those of Spark Connect, and, of high severity, with
    /// `emr-serverless:AccessLivyEndpoints` and `emr-serverless:AccessInteractiveEndpoints` into those of Livy and of
    /// EMR Studio. An application that doesn't open such an endpoint is passed over. A condition on `aws:ResourceTag`
    /// counts as a guard; it is asked of a session that has its application's tags, and of the sessions that were
    /// read. A `[[sharing]]` of the application, and teams that are `shared`, are not a crossing.
    /// A grant that hangs on conditions which can't be known is not told.
    ///
    /// ## Why it matters
    /// A session runs as the role that was passed when it was started. Whoever comes into it later runs code as that
    /// role, and no `iam:PassRole` is asked of it.
    ///
    /// How sure it is: `GetSessionEndpoint` was tried live by others, in September 2026, by a role that had nothing
    /// else and was not the session's creator. For Livy and EMR Studio it is what their servers let everybody do who
    /// reaches them; neither AWS documents it nor was it tried.
    ///
    /// ## How to fix
    /// Let the team reach its own applications and sessions alone: require `aws:ResourceTag/Team` to be its name, and
    /// tag sessions, which don't take their application's tags.
    ///
    /// Source: `HackTricks` Cloud, "AWS - EMR Serverless & EMR on EKS Privesc", on
    /// `emr-serverless:GetSessionEndpoint`; EMR Serverless API Reference, `GetSessionEndpoint`.
    "session-reaches-other-team", Critical, Role { check }, tells: Crossing
}

const TRIED: [Way; 1] = [Way {
    action: "emr-serverless:GetSessionEndpoint",
    on: Place::Session,
    is_open: |interactive| interactive.session,
}];

const UNTRIED: [Way; 2] = [
    Way {
        action: "emr-serverless:AccessLivyEndpoints",
        on: Place::Application,
        is_open: |interactive| interactive.livy,
    },
    Way {
        action: "emr-serverless:AccessInteractiveEndpoints",
        on: Place::Application,
        is_open: |interactive| interactive.studio,
    },
];

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    let mut faults = of_others(holder, inventory, cx, &TRIED);
    let told: BTreeSet<_> = faults.iter().map(|it| it.part.clone()).collect();
    let untried = of_others(holder, inventory, cx, &UNTRIED).into_iter();
    let more = untried.filter(|it| !told.contains(&it.part));
    faults.extend(more.map(|fault| fault.of_severity(Severity::High)));
    faults
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::finding::Severity;
    use crate::subject::bench::{Bench, allow, application, role};

    const ENDPOINT: &str = "emr-serverless:GetSessionEndpoint";
    const LIVY: &str = "emr-serverless:AccessLivyEndpoints";

    /// A role of `ads` among an application of its own and one of `billing`, with what both open.
    fn among(action: &str, conditions: &str, is_open: bool) -> Bench {
        let reaching = role("ads", "ads").may(&allow(action, "*", conditions));
        let opened = |id: &str, team: &str| {
            let mut application = application(id, team);
            application.interactive.session = is_open;
            application.interactive.livy = is_open;
            application
        };
        Bench::of([reaching])
            .applications([opened("00fads", "ads"), opened("00fbilling", "billing")])
    }

    #[test]
    fn sessions_of_another_teams_application_are_flagged() {
        let fault = among(ENDPOINT, "", true).fault(&RULE);
        assert_eq!(fault.severity, None);
        let evidence = among(ENDPOINT, "", true).evidence(&RULE);
        assert!(evidence.contains("applications/00fbilling"), "{evidence}");
    }

    #[test]
    fn what_nobody_has_tried_is_less_severe() {
        let fault = among(LIVY, "", true).fault(&RULE);
        assert_eq!(fault.severity, Some(Severity::High));
    }

    #[test]
    fn a_guard_by_tag_and_an_application_that_opens_nothing_pass() {
        let own = "StringEquals aws:ResourceTag/Team ads";
        assert_eq!(among(ENDPOINT, own, true).faults(&RULE), []);
        assert_eq!(among(LIVY, "", false).faults(&RULE), []);
        assert_eq!(among(ENDPOINT, "", true).shared("ads").faults(&RULE), []);
    }
}
