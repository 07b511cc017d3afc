//! Rules about which roles a role may pass to EMR Serverless.

use crate::fault::{Fault, by_statement};
use crate::iam::mend::{confine, mend};
use crate::iam::{
    Because, Condition, EMR_SERVERLESS, Effect, Holder, Inventory, PASSED_TO, PolicyName,
};
use crate::rule::Rule;
use crate::{Policy, Remediation};

mod bounded_by_tag_only;
mod dead;
mod names_other_team;
mod reaches_other_team;
mod service_unbounded;
mod tag_unreliable;

pub(crate) static RULES: &[&Rule] = &[
    &reaches_other_team::RULE,
    &bounded_by_tag_only::RULE,
    &tag_unreliable::RULE,
    &service_unbounded::RULE,
    &names_other_team::RULE,
    &dead::RULE,
];

/// One fault for each statement that lets a role pass others' roles. The remedy confines it to the team's own.
fn confined(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    crossings: Vec<(Because<'_, PolicyName<'_>>, String)>,
) -> Vec<Fault> {
    by_statement(holder, crossings, |by| {
        confine_to_own(holder, inventory, by)
    })
}

/// The policy whose statement passes the team's own roles alone, and to EMR Serverless alone.
fn confine_to_own(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    by: &Because<'_, PolicyName<'_>>,
) -> Remediation {
    let own = inventory.own_execution_roles(holder.team.unwrap_or_default());
    let statement = by.statement;
    mend(by.policy, holder.role, statement.index, |list, at| {
        let passed = [("StringEquals", PASSED_TO, EMR_SERVERLESS)];
        confine(list, at, statement, "iam:PassRole", &own, &passed);
    })
}

/// The statements that allow a team's role to pass roles.
fn allowing<'a>(holder: &'a Holder<'a>) -> impl Iterator<Item = Because<'a, PolicyName<'a>>> {
    let policies = holder.policies.iter().filter(|_| holder.team.is_some());
    let statements = policies.flat_map(|held| {
        let statements = held.document.statements.iter();
        statements.map(|statement| Because {
            policy: held.name,
            statement,
        })
    });
    statements
        .filter(|by| by.statement.effect == Effect::Allow && by.statement.is_about("iam:PassRole"))
}

/// The fault of one statement, mended by confining it.
fn fault(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    by: &Because<'_, PolicyName<'_>>,
    evidence: &str,
) -> Fault {
    Fault::of_statement(holder, by.policy, by.statement, evidence)
        .mended_by(confine_to_own(holder, inventory, by))
}

/// Whether a condition is on the team tag of the role that is passed.
fn is_on_tag_of_role(condition: &Condition, policy: &Policy) -> bool {
    let tag = &policy.team_tag;
    ["iam", "aws"]
        .iter()
        .any(|prefix| condition.is_on(&format!("{prefix}:ResourceTag/{tag}")))
}
