//! Faults of roles and statements: a statement, what it does, and how sure that is.

use std::collections::BTreeMap;

use crate::finding::{Fault, Remediation};
use crate::iam::{Access, Holder, Known, MatchedStatement, PolicyName, Request, Statement, part};

/// A fault of a whole role.
pub fn of_role(holder: &Holder<'_>, evidence: String) -> Fault {
    Fault::of(&holder.role.arn, holder.team, evidence)
}

/// A fault of a statement of a policy that a role holds.
pub fn of_statement(
    holder: &Holder<'_>,
    name: PolicyName<'_>,
    statement: &Statement,
    evidence: &str,
) -> Fault {
    Fault {
        resource: Some(name.resource(holder.role).clone()),
        part: part(name.part(), statement),
        is_everything: statement.is_administrative(),
        ..of_role(holder, format!("{name}, {}: {evidence}", statement.label()))
    }
}

/// A fault of what a statement comes to together with all other policies of the role: one that was not read may
/// forbid it.
pub fn of_grant(
    holder: &Holder<'_>,
    name: PolicyName<'_>,
    statement: &Statement,
    evidence: &str,
) -> Fault {
    let fault = of_statement(holder, name, statement, evidence);
    fault.unless_forbidden(holder.unread_limit().as_deref())
}

/// One fault for each statement that is blamed: the first reason is told, the others counted.
pub fn by_statement(
    holder: &Holder<'_>,
    blamed: Vec<(MatchedStatement<'_, PolicyName<'_>>, String)>,
    fix: impl Fn(&MatchedStatement<'_, PolicyName<'_>>) -> Remediation,
) -> Vec<Fault> {
    type BlamedStatement<'a> = (MatchedStatement<'a, PolicyName<'a>>, String, usize);
    let mut statements: BTreeMap<String, BlamedStatement<'_>> = BTreeMap::new();
    for (by, reason) in blamed {
        let key = format!("{}\0{}", by.policy, part("", by.statement));
        statements
            .entry(key)
            .and_modify(|(_, _, others)| *others += 1)
            .or_insert((by, reason, 0));
    }
    statements
        .into_values()
        .map(|(by, reason, others)| {
            let more = match others {
                0 => String::new(),
                1 => ", and 1 other likewise".to_owned(),
                others => format!(", and {others} others likewise"),
            };
            let evidence = format!("{reason}{more}");
            of_grant(holder, by.policy, by.statement, &evidence).mended_by(fix(&by))
        })
        .collect()
}

/// The request that shows a fault, and how sure it is.
pub fn witness(
    holder: &Holder<'_>,
    request: &Request<'_>,
    access: Access,
    by: Option<&MatchedStatement<'_, PolicyName<'_>>>,
) -> String {
    let (role, action, resource) = (&holder.role.arn, request.action, request.resource);
    let certainty = if access == Access::Allowed && holder.unread_limit().is_some() {
        "as far as was read".to_owned()
    } else {
        certainty(request, access, by.map(|it| it.statement))
    };
    format!("`{role}` may {action} `{resource}` ({certainty})")
}

/// How sure it is that a request is granted: `proven`, or on which keys it hangs.
pub fn certainty(request: &Request<'_>, access: Access, statement: Option<&Statement>) -> String {
    if access == Access::Allowed {
        return "proven".into();
    }
    let conditions = statement.into_iter().flat_map(|it| &it.conditions);
    let unknown = conditions
        .filter(|it| *request.context.get(&it.key) == Known::Unknown)
        .map(|it| format!("`{}`", it.key));
    let unknown: Vec<_> = unknown.collect();
    if unknown.is_empty() {
        return "conditional: a denial or boundary hangs on what the inventory can't know".into();
    }
    format!("conditional on {}", unknown.join(", "))
}
