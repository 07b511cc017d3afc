use crate::finding::Fault;
use crate::iam::Tags;
use crate::settings::Context;
use crate::subject::evidence::witness;
use crate::subject::passrole::confined;
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;

rule! {
    /// A role may pass another team's role to EMR Serverless
    ///
    /// Flags roles of a team whose policies let them pass a role of another team that EMR Serverless may assume, in
    /// the same account: no pass goes further. Tags of the passed role are taken as the policy means them. A
    /// `[[sharing]]` between the two teams, and teams that are `shared`, are not a crossing. It is medium where no policy
    /// of the role allows it to start a job.
    ///
    /// ## Why it matters
    /// Whoever starts a job with the other team's execution role runs code with that team's rights, its data roles
    /// among them.
    ///
    /// ## How to fix
    /// Confine `Resource` to the team's own roles, by ARN or by a path that ends the team's name, and require
    /// `iam:PassedToService` to be `emr-serverless.amazonaws.com`.
    ///
    /// Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
    "passrole-reaches-other-team", Critical, Role { check }, tells: Crossing
}

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    if holder.team.is_none() || !holder.speaks_of("iam:PassRole") {
        return Vec::new();
    }
    let targets = inventory.roles.iter().filter(|it| it.is_execution);
    let crossings = targets.filter_map(|target| {
        let role = target.role;
        if !holder.may_reach("iam:PassRole", role.arn.as_str())
            || !cx
                .policy
                .crosses(holder.team, target.team, &role.arn, cx.now)
        {
            return None;
        }
        let (request, granted) = inventory.pass(holder, target, Tags::Honoured);
        let by = granted.by.filter(|_| granted.access.may())?;
        let told = witness(holder, &request, granted.access, Some(&by));
        let team = target.team.unwrap_or_default();
        Some((by, format!("{told}, which is of team `{team}`")))
    });
    confined(holder, inventory, crossings.collect())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::Role;
    use crate::finding::Severity;
    use crate::subject::bench::{Bench, admit, allow, arn, managed, role};

    fn passing(resource: &str, conditions: &str) -> Role {
        let pass = allow("iam:PassRole", resource, conditions);
        let start = allow("emr-serverless:StartJobRun", "*", "");
        role("ads", "ads").may(&[pass, start].join(","))
    }

    #[test]
    fn one_statement_is_one_fault_that_counts_the_roles_passed() {
        let others = ["billing-a", "billing-b"].map(|name| role(name, "billing"));
        let bench = Bench::of([passing("*", "")].into_iter().chain(others));
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: `arn:aws:iam::111122223333:role/ads` may \
             iam:PassRole `arn:aws:iam::111122223333:role/billing-a` (proven), which is of team \
             `billing`, and 1 other likewise"
        );
        assert_eq!(bench.fault(&RULE).severity, None);
        bench.mended(&RULE);
    }

    #[test]
    fn of_a_role_that_starts_no_job_it_is_less_severe() {
        let idle = role("ads", "ads").may(&allow("iam:PassRole", "*", ""));
        let bench = Bench::of([idle, role("billing", "billing")]);
        let told = bench.evidence(&RULE);
        assert!(told.ends_with("; it may start no job today"), "{told}");
        assert_eq!(bench.fault(&RULE).severity, Some(Severity::Medium));
    }

    #[test]
    fn a_policy_that_was_not_read_may_forbid_it() {
        let gone = managed("gone", "", &allow("s3:*", "*", ""));
        let billing = || role("billing", "billing");
        for limited in [
            passing("*", "").bounded_by(&gone),
            passing("*", "").holding(&gone),
        ] {
            let reason = Bench::of([limited, billing()]).unknown(&RULE);
            assert!(
                reason.ends_with("which was not read, forbids it"),
                "{reason}"
            );
        }
        let mut broken = passing("*", "").may("");
        broken.inline_policies[1].name = "q".into();
        broken.inline_policies[1].document = "{".into();
        let reason = Bench::of([broken, billing()]).unknown(&RULE);
        let end = "unless the inline policy `q`, which can't be read, forbids it";
        assert!(reason.ends_with(end), "{reason}");
    }

    #[test]
    fn what_hangs_on_an_unknown_key_is_conditional() {
        let passing = passing("*", "Bool aws:MultiFactorAuthPresent true");
        let told = Bench::of([passing, role("billing", "billing")]).evidence(&RULE);
        assert!(told.contains("(conditional on `aws:MultiFactorAuthPresent`)"));
    }

    #[test]
    fn its_own_roles_another_service_and_a_boundary_pass() {
        let billing = || role("billing", "billing");
        let lambda = "StringEquals iam:PassedToService lambda.amazonaws.com";
        let boundary = managed("boundary", "", &allow("s3:*", "*", ""));
        for passing in [
            passing(&arn("ads*"), ""),
            passing("*", lambda),
            passing("*", "").bounded_by(&boundary),
        ] {
            let bench = Bench::of([passing, billing()]);
            assert_eq!(bench.policies([boundary.clone()]).faults(&RULE), []);
        }
    }

    #[test]
    fn a_role_that_runs_no_jobs_passes() {
        let data = role("billing", "billing").trusting(&admit("AWS 111122223333", ""));
        assert_eq!(Bench::of([passing("*", ""), data]).faults(&RULE), []);
    }

    #[test]
    fn an_agreement_lets_one_way_only() {
        let bench = || Bench::of([passing("*", ""), role("billing", "billing")]);
        assert_eq!(bench().agreed("ads", "billing").faults(&RULE), []);
        assert_eq!(bench().agreed("billing", "ads").faults(&RULE).len(), 1);
    }
}
