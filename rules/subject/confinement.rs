//! Whether a permissions boundary confines a role to its own team, whatever its policies come to say.

use crate::estate::Role;
use crate::iam::{
    Caller, Choice, Effect, Holder, Inventory, Known, PASSED_TO, Request, Statement, Truth,
    ask_documents, context, replace_variables,
};
use crate::settings::Context;
use crate::subject::statement::BOUNDARY_ACTIONS;

/// Whether a role that may do all that its boundary leaves it comes to no other team's role, and to no change of
/// roles. A boundary that was not read confines nothing.
pub(crate) fn is_confined(inventory: &Inventory<'_>, role: &Role, cx: &Context<'_>) -> bool {
    let Some(holder) = inventory.find(role.arn.as_str()) else {
        return false;
    };
    if holder.boundary.is_none() || holder.team.is_none() {
        return false;
    }
    let targets = inventory.roles.iter().filter(|it| it.team.is_some());
    let mut reached = targets.filter(|target| {
        let is_others = cx
            .policy
            .crosses(holder.team, target.team, &target.role.arn, cx.now);
        let actions = BOUNDARY_ACTIONS
            .into_iter()
            .filter(|it| it.starts_with("iam:") || *it == "sts:AssumeRole");
        let mut decisive = actions.filter(|it| is_others || is_change(it));
        decisive.any(|action| leaves(holder, inventory, action, target.role))
    });
    reached.next().is_none() && !assumes_others(holder, inventory, cx)
}

/// Whether an action changes roles or policies, rather than uses them: that of one's own is enough to leave.
fn is_change(action: &str) -> bool {
    action.starts_with("iam:") && action != "iam:PassRole"
}

/// Whether the boundary leaves a role an action on another.
fn leaves(holder: &Holder<'_>, inventory: &Inventory<'_>, action: &str, target: &Role) -> bool {
    let mut request = inventory.request(holder, action, target.arn.as_str(), &target.tags);
    for key in ["aws:RequestTag/", "aws:TagKeys", PASSED_TO] {
        request.context.set(key, Known::Unknown);
    }
    let bounded = holder.bounded(&request);
    bounded.is_some_and(|it| it.allow.may() && it.deny != Truth::True)
}

/// Whether the boundary leaves a role to assume roles of other teams in whatever account: a pattern is tried with the
/// other team's name in the place of the own, and with it in the place of each wildcard.
fn assumes_others(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> bool {
    let Some(boundary) = &holder.boundary else {
        return true;
    };
    let own = holder.team.unwrap_or_default();
    let statements = boundary.document.statements.iter();
    let mut allows =
        statements.filter(|it| it.effect == Effect::Allow && it.is_about("sts:AssumeRole"));
    let others = others(own, inventory, cx);
    allows.any(|statement| {
        let probes = probes(statement, holder, cx);
        others.iter().any(|other| {
            probes.iter().any(|probe| {
                let arn = with_team(probe, own, other);
                let tags = [(cx.policy.team_tag.clone(), other.clone())].into();
                let target = crate::iam::Target {
                    resource: &arn,
                    tags: &tags,
                };
                let request = Request {
                    action: "sts:AssumeRole",
                    resource: &arn,
                    caller: Caller::Role {
                        arn: holder.role.arn.as_str(),
                    },
                    context: context(
                        &holder.role.arn,
                        &holder.role.tags,
                        target,
                        inventory.organization,
                    )
                    .untagged(),
                };
                let documents = [((), &*boundary.document)];
                let said = ask_documents(documents, &request);
                said.allow.may() && said.deny != Truth::True
            })
        })
    })
}

/// The other teams, or one that doesn't exist.
fn others(own: &str, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<String> {
    let known = cx.policy.teams.iter().map(String::as_str);
    let of_roles = inventory.roles.iter().filter_map(|it| it.team);
    let mut others: Vec<_> = known
        .chain(of_roles)
        .chain(["lineward-probe"])
        .map(str::to_owned)
        .collect();
    others.retain(|it| it != own && !cx.policy.is_shared(Some(it)));
    others.sort();
    others.dedup();
    others
}

/// ARNs of roles that a statement covers: of each pattern one, with the role's own team in the place of wildcards.
fn probes(statement: &Statement, holder: &Holder<'_>, cx: &Context<'_>) -> Vec<String> {
    let own = holder.team.unwrap_or_default();
    let tag = format!("aws:PrincipalTag/{}", cx.policy.team_tag);
    let everything = ["*".to_owned()];
    let patterns = match &statement.resources {
        Some(Choice::Only(patterns)) => patterns.as_slice(),
        Some(Choice::AllBut(_)) | None => &everything,
    };
    let probe = |pattern: &String| {
        let filled = replace_variables(pattern, |key| {
            key.eq_ignore_ascii_case(&tag).then(|| own.to_owned())
        });
        let mut fields: Vec<_> = filled.splitn(6, ':').map(str::to_owned).collect();
        if fields.len() < 6 {
            return format!("{}:role/{own}", "arn:aws:iam::000000000000");
        }
        let defaults = ["arn", "aws", "iam", "", "000000000000", ""];
        for (field, default) in fields.iter_mut().zip(defaults).take(5) {
            if field.contains(['*', '?']) {
                *field = if default == "000000000000" {
                    digits(field)
                } else {
                    default.to_owned()
                };
            }
        }
        let home: Vec<_> = fields.iter().take(5).cloned().collect();
        let name = fields
            .get(5)
            .map_or("", String::as_str)
            .replace('*', own)
            .replace('?', "0");
        format!("{}:{name}", home.join(":"))
    };
    patterns.iter().map(probe).collect()
}

/// An account that a pattern of accounts covers.
fn digits(pattern: &str) -> String {
    let missing = 12_usize.saturating_sub(pattern.chars().filter(|it| *it != '*').count());
    pattern
        .replacen('*', &"0".repeat(missing), 1)
        .replace('*', "")
        .replace('?', "0")
}

/// The ARN with another team's name where the own stands.
fn with_team(arn: &str, own: &str, other: &str) -> String {
    match arn.split_once(":role/") {
        Some((home, name)) => format!("{home}:role/{}", name.replace(own, other)),
        None => arn.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Account, Arn, ManagedPolicy, Slice};

    fn confines(statements: &str) -> bool {
        let arn = Arn::from("arn:aws:iam::111122223333:policy/boundary");
        let boundary = ManagedPolicy {
            arn: arn.clone(),
            name: "boundary".into(),
            version: "v1".into(),
            document: format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#),
            tags: None,
        };
        let other = Role {
            arn: Arn::from("arn:aws:iam::111122223333:role/billing-execution"),
            name: "billing-execution".into(),
            tags: [("Team".to_owned(), "billing".to_owned())].into(),
            ..Role::example()
        };
        let slice = Slice {
            roles: vec![
                Role {
                    boundary: Some(arn),
                    ..Role::example()
                },
                other,
            ],
            policies: vec![boundary],
            ..Slice::new(Account::example())
        };
        let cx = Context::example();
        let inventory = Inventory::new(&slice, cx.policy, None);
        is_confined(&inventory, &slice.roles[0], &cx)
    }

    fn assume(resource: &str, condition: &str) -> String {
        format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{resource}","Condition":{condition}}}"#
        )
    }

    #[test]
    fn a_boundary_confines_that_leaves_nothing_of_other_teams() {
        let data = "arn:aws:iam::222222222222:role/data";
        let tag = r#"{"StringEquals":{"iam:ResourceTag/Team":"${aws:PrincipalTag/Team}"}}"#;
        assert!(confines(
            r#"{"Effect":"Allow","Action":["s3:*","glue:*"],"Resource":"*"}"#
        ));
        assert!(confines(&assume(
            &format!("{data}/${{aws:PrincipalTag/Team}}/*"),
            "{}"
        )));
        assert!(confines(&assume(&format!("{data}/ads/*"), "{}")));
        assert!(confines(&assume("*", tag)));
        assert!(!confines(&assume("*", "{}")));
        assert!(!confines(&assume(&format!("{data}/*"), "{}")));
        assert!(!confines(&assume("arn:aws:iam::2222*:role/*-data", "{}")));
        assert!(!confines(
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#
        ));
        assert!(!confines(
            r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}"#
        ));
        assert!(!confines(
            r#"{"Effect":"Allow","Action":"iam:PutRolePolicy","Resource":"*"}"#
        ));
    }
}
