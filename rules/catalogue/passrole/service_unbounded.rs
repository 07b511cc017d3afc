use crate::finding::Fault;
use crate::iam::{EMR_SERVERLESS, Holder, Inventory, PASSED_TO, Statement, Tags};
use crate::settings::Context;
use crate::subject::passrole::{allowing, fault};
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;

rule! {
    /// A role may be passed to other services than EMR Serverless
    ///
    /// Flags roles of a team that may pass a role to a service other than EMR Serverless:
    /// `iam:PassedToService` isn't asked for, or not in a way that leaves the others out.
    ///
    /// ## Why it matters
    /// A role that is meant for jobs can be handed to a function or an instance of one's own, where nobody
    /// looks. The target must trust that service, too, which is what keeps it from being worse.
    ///
    /// ## How to fix
    /// Add `"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}`.
    ///
    /// Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
    "passrole-service-unbounded", Medium, Role { check }
}

/// Services that run code of one's own with a role that is passed to them.
const OTHERS: [&str; 4] = [
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "glue.amazonaws.com",
    "lambda.amazonaws.com",
];

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    let faults = allowing(holder, cx.policy).filter_map(|by| {
        let services = OTHERS.into_iter().chain(named(by.statement));
        let mut services = services.filter(|it| *it != EMR_SERVERLESS);
        let (service, role) = services.find_map(|service| {
            Some((service, passed(holder, inventory, by.statement, service)?))
        })?;
        let evidence = format!("iam:PassRole on `{role}` to `{service}` is allowed as well");
        let fault = fault(holder, inventory, &by, &evidence);
        Some(fault.unless_forbidden(holder.unread_limit().as_deref()))
    });
    faults.collect()
}

/// The services that its conditions name.
fn named(statement: &Statement) -> impl Iterator<Item = &str> {
    let conditions = statement.conditions.iter();
    let values = conditions
        .filter(|it| it.is_on(PASSED_TO))
        .flat_map(|it| &it.values)
        .map(String::as_str);
    values.filter(|it| !it.contains(['*', '?', '$']))
}

/// A role that the statement lets pass to a service, all other policies considered.
fn passed<'a>(
    holder: &Holder<'_>,
    inventory: &'a Inventory<'_>,
    statement: &Statement,
    service: &str,
) -> Option<&'a str> {
    let targets = inventory.roles.iter();
    let mut covered = targets.filter(|it| statement.may_cover(it.role.arn.as_str()));
    let target = covered.find(|target| {
        let request = inventory.pass_to(holder, target, service, Tags::Honoured);
        statement.matches(&request).may() && holder.may(&request).access.may()
    })?;
    Some(target.role.arn.as_str())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, allow, arn, deny, managed, role};

    fn passing(conditions: &str) -> Bench {
        let statement = allow("iam:PassRole", &arn("ads"), conditions);
        Bench::of([role("ads", "ads").may(&statement)])
    }

    #[test]
    fn a_pass_to_any_service_is_flagged_and_held_to_emr_serverless() {
        let bench = passing("");
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: iam:PassRole on \
             `arn:aws:iam::111122223333:role/ads` to `ec2.amazonaws.com` is allowed as well"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn a_service_that_is_named_beside_emr_serverless_is_flagged() {
        let both = "StringEquals iam:PassedToService emr-serverless.amazonaws.com \
                    airflow.amazonaws.com";
        let bench = passing(both);
        let told = bench.evidence(&RULE);
        assert!(told.contains("to `airflow.amazonaws.com`"), "{told}");
        bench.mended(&RULE);
    }

    #[test]
    fn a_pattern_of_actions_is_held_to_emr_serverless_by_a_denial() {
        for actions in ["iam:*", "iam:Pass*", "iam:GetRole iam:PassRole"] {
            let statement = allow(actions, &arn("ads"), "");
            Bench::of([role("ads", "ads").may(&statement)]).mended(&RULE);
        }
    }

    #[test]
    fn a_condition_that_a_missing_service_meets_leaves_the_others_out() {
        let conditions = "StringEqualsIfExists iam:PassedToService emr-serverless.amazonaws.com";
        assert_eq!(passing(conditions).faults(&RULE), []);
        let pattern = "StringLike iam:PassedToService emr-*.amazonaws.com";
        assert_eq!(passing(pattern).faults(&RULE), []);
    }

    #[test]
    fn a_boundary_that_was_not_read_may_forbid_it() {
        let gone = managed("gone", "", &allow("s3:*", "*", ""));
        let open = role("ads", "ads").may(&allow("iam:PassRole", &arn("ads"), ""));
        let reason = Bench::of([open.bounded_by(&gone)]).unknown(&RULE);
        assert!(
            reason.ends_with("which was not read, forbids it"),
            "{reason}"
        );
    }

    #[test]
    fn a_denial_of_other_services_and_a_pass_of_nothing_pass() {
        let others = "StringNotEquals iam:PassedToService emr-serverless.amazonaws.com";
        let denied = [
            allow("iam:PassRole", "*", ""),
            deny("iam:PassRole", "*", others),
        ];
        let denied = role("ads", "ads").may(&denied.join(","));
        assert_eq!(Bench::of([denied]).faults(&RULE), []);
        let nothing = role("ads", "ads").may(&allow("iam:PassRole", &arn("to-be"), ""));
        assert_eq!(Bench::of([nothing]).faults(&RULE), []);
    }
}
