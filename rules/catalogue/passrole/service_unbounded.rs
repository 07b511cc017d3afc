use crate::finding::Fault;
use crate::iam::{EMR_SERVERLESS, Holder, Inventory, PASSED_TO, Statement, Tags};
use crate::settings::Context;
use crate::subject::passrole::{allowing, fault};
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

fn check(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let faults = allowing(holder, cx.policy).filter_map(|by| {
        let services = OTHERS.into_iter().chain(named(by.statement));
        let mut services = services.filter(|it| *it != EMR_SERVERLESS);
        let (service, role) = services.find_map(|service| {
            Some((service, passed(holder, inventory, by.statement, service)?))
        })?;
        let evidence = format!("iam:PassRole on `{role}` to `{service}` is allowed as well");
        Some(fault(holder, inventory, &by, &evidence))
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
