//! Rules about which roles a role may pass to EMR Serverless.

use crate::finding::{Fault, Severity};
use crate::iam::{
    Condition, EMR_SERVERLESS, Effect, Holder, Inventory, MatchedStatement, PASSED_TO, PolicyName,
};
use crate::remedy::iam::{confine, mend};
use crate::subject::evidence;
use crate::subject::evidence::by_statement;
use crate::{Policy, Remediation};

/// One fault for each statement that lets a role pass others' roles, of medium severity where the role starts no
/// job. The remedy confines it to the team's own.
pub(crate) fn confined(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    crossings: Vec<(MatchedStatement<'_, PolicyName<'_>>, String)>,
) -> Vec<Fault> {
    let faults = by_statement(holder, crossings, |by| {
        confine_to_own(holder, inventory, by)
    });
    if holder.starts_jobs() {
        return faults;
    }
    let unused = faults.into_iter().map(|fault| {
        let fault = fault.noting("; it may start no job today");
        fault.of_severity(Severity::Medium)
    });
    unused.collect()
}

/// The policy whose statement passes the team's own roles alone, and to EMR Serverless alone.
pub(crate) fn confine_to_own(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    by: &MatchedStatement<'_, PolicyName<'_>>,
) -> Remediation {
    let own = inventory.own_execution_roles(holder.team.unwrap_or_default());
    let statement = by.statement;
    mend(by.policy, holder.role, statement.index, |list, at| {
        let passed = [("StringEquals", PASSED_TO, EMR_SERVERLESS)];
        confine(list, at, statement, "iam:PassRole", &own, &passed);
    })
}

/// The statements that allow a role to pass roles, where its team doesn't serve all.
pub(crate) fn allowing<'a>(
    holder: &'a Holder<'a>,
    policy: &Policy,
) -> impl Iterator<Item = MatchedStatement<'a, PolicyName<'a>>> {
    let is_bounded = holder.team.is_some() && !policy.is_shared(holder.team);
    let policies = holder.policies.iter().filter(move |_| is_bounded);
    let statements = policies.flat_map(|held| {
        let statements = held.document.statements.iter();
        statements.map(|statement| MatchedStatement {
            policy: held.name,
            statement,
        })
    });
    statements
        .filter(|by| by.statement.effect == Effect::Allow && by.statement.is_about("iam:PassRole"))
}

/// The fault of one statement, mended by confining it.
pub(crate) fn fault(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    by: &MatchedStatement<'_, PolicyName<'_>>,
    evidence: &str,
) -> Fault {
    evidence::of_statement(holder, by.policy, by.statement, evidence)
        .mended_by(confine_to_own(holder, inventory, by))
}

/// Whether a condition is on the team tag of the role that is passed.
pub(crate) fn is_on_tag_of_role(condition: &Condition, policy: &Policy) -> bool {
    let tag = &policy.team_tag;
    ["iam", "aws"]
        .iter()
        .any(|prefix| condition.is_on(&format!("{prefix}:ResourceTag/{tag}")))
}
