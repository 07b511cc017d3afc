use crate::finding::Fault;
use crate::settings::Context;
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;
use crate::subject::takeover::{Place, Way, of_others};

rule! {
    /// A role may look into another team's job runs
    ///
    /// Flags statements by which a role of a team may open the dashboard of job runs or sessions of another team's
    /// application in its account, with `emr-serverless:GetDashboardForJobRun` or
    /// `emr-serverless:GetResourceDashboard`. A condition on `aws:ResourceTag` counts as a guard; it is asked of a run
    /// that has its application's tags. A `[[sharing]]` of the application, and teams that are `shared`, are no
    /// crossing.
    /// A grant that hangs on conditions which can't be known is not told.
    ///
    /// ## Why it matters
    /// The dashboard is the Spark UI: queries with their literals, paths, configuration and logs of the other team's
    /// job.
    ///
    /// How sure it is: AWS documents that the URL which the call returns opens the UI; what a live UI lets its reader
    /// change was not tried.
    ///
    /// ## How to fix
    /// Let the team see its own runs alone: require `aws:ResourceTag/Team` to be its name, and tag runs, which don't
    /// take their application's tags.
    ///
    /// Source: EMR Serverless API Reference, `GetDashboardForJobRun` and `GetResourceDashboard`.
    "job-run-dashboard-other-team", Medium, Role { check }, tells: Effect,
    yields_to: [application::rewritable, session::reaches_other_team],
}

const WAYS: [Way; 2] = [
    Way {
        action: "emr-serverless:GetDashboardForJobRun",
        on: Place::JobRun,
        is_open: |_| true,
    },
    Way {
        action: "emr-serverless:GetResourceDashboard",
        on: Place::Session,
        is_open: |interactive| interactive.session,
    },
];

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    of_others(holder, inventory, cx, &WAYS)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, allow, application, role};

    const DASHBOARD: &str = "emr-serverless:GetDashboardForJobRun";

    fn among(conditions: &str) -> Bench {
        let reading = role("ads", "ads").may(&allow(DASHBOARD, "*", conditions));
        Bench::of([reading]).applications([
            application("00fads", "ads"),
            application("00fbilling", "billing"),
        ])
    }

    #[test]
    fn runs_of_another_teams_application_are_flagged() {
        let evidence = among("").evidence(&RULE);
        assert!(evidence.contains("applications/00fbilling"), "{evidence}");
        assert!(!evidence.contains("applications/00fads"), "{evidence}");
    }

    #[test]
    fn runs_with_the_teams_own_tag_pass() {
        let own = "StringEquals aws:ResourceTag/Team ads";
        assert_eq!(among(own).faults(&RULE), []);
        let others = "StringEquals aws:ResourceTag/Team billing";
        assert_eq!(among(others).faults(&RULE).len(), 1);
    }

    #[test]
    fn a_shared_team_may_look() {
        assert_eq!(among("").shared("ads").faults(&RULE), []);
    }
}
