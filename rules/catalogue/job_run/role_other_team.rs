use crate::finding::{Fault, Template};
use crate::remedy::{Parameter, start_with};
use crate::settings::Context;
use crate::subject::job_run::{JobRunSubject, team};
use crate::subject::rule::rule;

rule! {
    /// A job ran as a role of another team
    ///
    /// Flags jobs whose execution role belongs to another team than their application, by the tags of today,
    /// and jobs whose role lies in another account than their application. Roles and applications of
    /// `[teams] shared` are for all, and `[[sharing]]` may allow a role. Where the role was created, or the
    /// application changed, after the run, it can't be told: IAM doesn't say when a tag was set.
    ///
    /// ## Why it matters
    /// The boundary was crossed, and not only could be: the code of one team ran with the rights of another.
    ///
    /// ## How to fix
    /// Start the job with a role of its application's team, and confine `iam:PassRole` of whoever started it.
    ///
    /// Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service": a role can be
    /// passed within its own account only.
    "job-run-role-other-team", High, JobRun { check }, reads: Roles
}

fn check<'a>(ran: &JobRunSubject<'a>, cx: &Context<'a>) -> Vec<Fault> {
    let application = ran.started.application;
    let arn = &ran.run.execution_role;
    let role = Template::asked("EXECUTION_ROLE_ARN", "the ARN of a role of its team");
    let mended = || start_with(ran.run, &[Parameter::ExecutionRole(role)]);
    if is_foreign(ran) {
        let (theirs, own) = (arn.account(), application.arn.account());
        let evidence =
            format!("ran as `{arn}` of account {theirs}, in an application of account {own}");
        return vec![Fault::fail(evidence).part("account").mended_by(mended())];
    }
    let Some(role) = ran.roles.find(arn) else {
        return Vec::new();
    };
    let (own, theirs) = (
        team(&application.tags, cx.policy),
        team(&role.tags, cx.policy),
    );
    if !cx.policy.crosses(own, theirs, arn, cx.now) {
        return Vec::new();
    }
    let (own, theirs) = (own.unwrap_or_default(), theirs.unwrap_or_default());
    let fact = format!("ran as `{arn}` of team `{theirs}`, in an application of team `{own}`");
    vec![match ran.outdated(role) {
        Some(why) => Fault::unknown(format!("{fact}, by today's tags; yet {why}")),
        None => Fault::fail(fact).mended_by(mended()),
    }]
}

fn is_foreign(ran: &JobRunSubject<'_>) -> bool {
    let account = ran.run.execution_role.account();
    let own = ran.started.application.arn.account();
    !account.is_empty() && account != own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Application, JobRun, Role};
    use crate::finding::Verdict;
    use crate::subject::job_run::bench::{judged, judged_among, role};
    use jiff::Timestamp;

    fn verdict(role: Role, run_at: i64, changed_at: i64) -> Verdict {
        let run = JobRun {
            execution_role: role.arn.clone(),
            created_at: Some(Timestamp::from_second(run_at).unwrap()),
            ..JobRun::example()
        };
        let application = Application {
            updated_at: Some(Timestamp::from_second(changed_at).unwrap()),
            ..Application::example()
        };
        judged_among(check, &run, &application, vec![role])
    }

    #[test]
    fn a_role_of_another_team_fails() {
        assert_eq!(verdict(role("a", "ads"), 60, 0), Verdict::Pass);
        let fact = "ran as `arn:aws:iam::111122223333:role/b` of team `billing`, in an application \
                    of team `ads`";
        let found = verdict(role("b", "billing"), 60, 0);
        assert_eq!(found, Verdict::Fail(fact.into()));
        assert_eq!(verdict(role("c", ""), 60, 0), Verdict::Pass);
    }

    #[test]
    fn what_came_after_the_run_is_not_held_against_it() {
        let at = verdict(role("b", "billing"), 60, 60);
        assert!(matches!(at, Verdict::Fail(_)), "{at:?}");
        let changed = verdict(role("b", "billing"), 60, 61);
        assert!(matches!(changed, Verdict::Unknown(_)), "{changed:?}");
        let recreated = Role {
            created_at: Some(Timestamp::from_second(61).unwrap()),
            ..role("b", "billing")
        };
        let recreated = verdict(recreated, 60, 0);
        assert!(matches!(recreated, Verdict::Unknown(_)), "{recreated:?}");
        assert_eq!(verdict(role("a", "ads"), 60, 61), Verdict::Pass);
    }

    #[test]
    fn a_role_of_another_account_fails_and_an_unread_one_passes() {
        let policy = Context::example().policy;
        assert_eq!(judged(check, &JobRun::example(), policy), Verdict::Pass);
        let run = JobRun {
            execution_role: "arn:aws:iam::222222222222:role/ads".into(),
            ..JobRun::example()
        };
        let fact = "ran as `arn:aws:iam::222222222222:role/ads` of account 222222222222, in an \
                    application of account 111122223333";
        assert_eq!(judged(check, &run, policy), Verdict::Fail(fact.into()));
    }
}
