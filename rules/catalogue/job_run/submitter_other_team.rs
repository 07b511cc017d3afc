use crate::finding::Fault;
use crate::iam::role_of_session;
use crate::settings::Context;
use crate::subject::job_run::{JobRunSubject, team};
use crate::subject::rule::rule;

rule! {
    /// A job was started by a role of another team
    ///
    /// Flags jobs that a session of a role started whose team differs from the application's, by the tags of
    /// today. A session tells the account and the name of its role; roles of other accounts, and roles that
    /// are not known, pass. `[teams] shared` names those who may start jobs for all, such as a scheduler's, and
    /// `[[sharing]]` may allow an application. Where the role was created, or the application changed, after
    /// the run, it can't be told.
    ///
    /// ## Why it matters
    /// The boundary was crossed, and not only could be: another team spends this one's capacity, and runs its
    /// code beside this one's.
    ///
    /// ## How to fix
    /// Confine `emr-serverless:StartJobRun` in the policies of whoever started it, by `aws:ResourceTag/Team`.
    ///
    /// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EMR
    /// Serverless".
    "job-run-submitter-other-team", High, JobRun { check }, reads: Roles
}

/// What is to be mended is the policy of whoever started it.
fn check<'a>(ran: &JobRunSubject<'a>, cx: &Context<'a>) -> Vec<Fault> {
    let application = ran.started.application;
    let Some((account, name)) = role_of_session(ran.run.created_by.as_str()) else {
        return Vec::new();
    };
    let role = ran.roles.named(name);
    let Some(role) = role.filter(|role| role.arn.account() == account) else {
        return Vec::new();
    };
    let (own, theirs) = (
        team(&application.tags, cx.policy),
        team(&role.tags, cx.policy),
    );
    if !cx.policy.crosses(theirs, own, &application.arn, cx.now) {
        return Vec::new();
    }
    let (own, theirs) = (own.unwrap_or_default(), theirs.unwrap_or_default());
    let fact = format!(
        "started by `{}` of team `{theirs}`, in an application of team `{own}`",
        role.arn
    );
    vec![match ran.outdated(role) {
        Some(why) => Fault::unknown(format!("{fact}, by today's tags; yet {why}")),
        None => Fault::fail(fact),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Application, JobRun};
    use crate::finding::Verdict;
    use crate::subject::job_run::bench::{judged_among, role};

    fn verdict(created_by: &str, team: &str) -> Verdict {
        let run = JobRun {
            created_by: created_by.into(),
            ..JobRun::example()
        };
        let roles = vec![role("emr/ads/submit", team)];
        let roles = roles.into_iter().map(|role| crate::estate::Role {
            name: "submit".into(),
            ..role
        });
        judged_among(check, &run, &Application::example(), roles.collect())
    }

    #[test]
    fn a_session_is_known_by_account_and_name() {
        let session = "arn:aws:sts::111122223333:assumed-role/submit/airflow";
        assert_eq!(verdict(session, "ads"), Verdict::Pass);
        let fact = "started by `arn:aws:iam::111122223333:role/emr/ads/submit` of team `billing`, in \
                    an application of team `ads`";
        assert_eq!(verdict(session, "billing"), Verdict::Fail(fact.into()));
        for other in [
            "arn:aws:sts::222222222222:assumed-role/submit/airflow",
            "arn:aws:sts::111122223333:assumed-role/unknown/airflow",
            "arn:aws:iam::111122223333:user/submit",
        ] {
            assert_eq!(verdict(other, "billing"), Verdict::Pass, "{other}");
        }
    }
}
