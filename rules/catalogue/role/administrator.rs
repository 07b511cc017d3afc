use serde_json::{Value, json};

use crate::finding::Fault;
use crate::iam::{
    Choice, EMR_SERVERLESS, Grant, Holder, Inventory, Known, MatchedStatement, PASSED_TO,
    PolicyName, Statement,
};
use crate::remedy::iam::mend;
use crate::settings::Context;
use crate::subject::evidence::{of_grant, witness};
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;
use crate::subject::statement::BOUNDARY_ACTIONS;

rule! {
    /// A role of a team administers roles
    ///
    /// Flags statements by which a role of a team may do everything (`*`), or everything to roles (`iam:*`), be it on
    /// its own path alone. Denials and the permissions boundary count. What else such a statement lets the role do
    /// is part of this finding, but for the other teams' roles that it may pass or assume: these are findings of
    /// their own. Roles of `[teams] shared` are trusted to administer.
    ///
    /// ## Why it matters
    /// Whoever writes policies, trust, tags and boundaries decides what the boundary between the teams is. All other
    /// guards are his to remove.
    ///
    /// ## How to fix
    /// Put in the place of the grant what the role is for. The change below keeps all services but those that decide
    /// the boundary, and of these the team's own roles and applications.
    ///
    /// Source: IAM User Guide, "Security best practices in IAM".
    "role-administrator", Critical, Role { check }, tells: Administrator
}

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    if holder.team.is_none() || cx.policy.is_shared(holder.team) {
        return Vec::new();
    }
    let statements = holder.policies.iter().flat_map(|held| {
        let all = held.document.statements.iter();
        all.map(|statement| MatchedStatement {
            policy: held.name,
            statement,
        })
    });
    let administering = statements.filter(|it| it.statement.is_administrative());
    administering
        .filter_map(|by| fault(holder, inventory, &by, cx))
        .collect()
}

fn fault(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    by: &MatchedStatement<'_, PolicyName<'_>>,
    cx: &Context<'_>,
) -> Option<Fault> {
    let mut actions = BOUNDARY_ACTIONS
        .into_iter()
        .filter(|it| it.starts_with("iam:"));
    let mut granted = Vec::new();
    let mut evidence = None;
    for action in &mut actions {
        if let Some(told) = allowed(holder, inventory, by.statement, action) {
            granted.push(action);
            evidence.get_or_insert(told);
        }
    }
    let others = granted.iter().skip(1).copied().collect::<Vec<_>>();
    let evidence = format!("{}; so may {}", evidence?, others.join(", "));
    let fix = mend(by.policy, holder.role, by.statement.index, |list, at| {
        replace(list, at, by.statement, holder, inventory, cx);
    });
    Some(of_grant(holder, by.policy, by.statement, &evidence).mended_by(fix))
}

/// The request by which a statement lets the role do something to a role of another team, or else of its own.
fn allowed(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    statement: &Statement,
    action: &str,
) -> Option<String> {
    let covered = |own: bool| {
        let mut roles = inventory.roles.iter();
        roles.find(|it| {
            it.team.is_some()
                && (it.team == holder.team) == own
                && statement.may_cover(it.role.arn.as_str())
        })
    };
    [covered(false), covered(true)]
        .into_iter()
        .flatten()
        .find_map(|target| {
            let role = target.role;
            let mut request = inventory.request(holder, action, role.arn.as_str(), &role.tags);
            // What a request passes, whoever makes it chooses.
            for key in ["aws:RequestTag/", "aws:TagKeys"] {
                request.context.set(key, Known::Unknown);
            }
            let Grant { access, by } = holder.may(&request);
            let by = by.filter(|it| access.may() && std::ptr::eq(it.statement, statement));
            by.map(|by| witness(holder, &request, access, Some(&by)))
        })
}

/// Puts in the place of the grant all services but those that decide the boundary, and of these the team's own.
fn replace(
    list: &mut Vec<Value>,
    at: usize,
    statement: &Statement,
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    cx: &Context<'_>,
) {
    let team = holder.team.unwrap_or_default();
    let decided = [
        "account:*",
        "emr-serverless:*",
        "iam:*",
        "organizations:*",
        "sts:*",
    ];
    let Some(held) = list.get_mut(at) else { return };
    let is_all = statement.is_about("lineward:Probe");
    let fields = held.as_object_mut();
    match (&statement.actions, fields) {
        (actions, Some(fields)) if is_all => {
            let but = match actions {
                Choice::AllBut(names) => names.as_slice(),
                Choice::Only(_) => &[],
            };
            let but = but.iter().map(String::as_str);
            let but: Vec<_> = but.chain(decided).collect();
            fields.remove("Action");
            fields.insert("NotAction".into(), json!(but));
        }
        (actions, Some(fields)) => {
            let is_kept = |it: &&String| {
                let one = Statement {
                    actions: Choice::Only(vec![(*it).clone()]),
                    ..statement.clone()
                };
                !BOUNDARY_ACTIONS.iter().any(|action| one.is_about(action))
            };
            let kept = actions.patterns().iter().filter(is_kept).cloned();
            let kept: Vec<_> = kept
                .chain(["iam:Get*", "iam:List*"].map(str::to_owned))
                .collect();
            fields.insert("Action".into(), json!(kept));
        }
        (_, None) => return,
    }
    let tagged =
        |key: &str| json!({ "StringEquals": { format!("{key}/{}", cx.policy.team_tag): team } });
    if is_all || statement.is_about("iam:PassRole") {
        list.push(json!({ "Effect": "Allow", "Action": "iam:PassRole",
            "Resource": inventory.own_execution_roles(team),
            "Condition": { "StringEquals": { PASSED_TO: EMR_SERVERLESS } } }));
    }
    if is_all {
        list.push(json!({ "Effect": "Allow", "Resource": "*",
            "Action": ["emr-serverless:CancelJobRun", "emr-serverless:Get*", "emr-serverless:List*",
                "emr-serverless:StartApplication", "emr-serverless:StartJobRun", "emr-serverless:StopApplication"],
            "Condition": tagged("aws:ResourceTag") }));
        list.push(
            json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*",
            "Condition": tagged("iam:ResourceTag") }),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Account, InlinePolicy, Role, Slice};

    fn faults(document: &str) -> Vec<Fault> {
        let role = Role {
            inline_policies: vec![InlinePolicy {
                name: "all".into(),
                document: document.into(),
            }],
            ..Role::example()
        };
        let slice = Slice {
            roles: vec![role],
            ..Slice::new(Account::example())
        };
        let cx = Context::example();
        let inventory = Inventory::new(&slice, cx.policy, None);
        check(
            &RoleSubject {
                holder: &inventory.roles[0],
                inventory: &inventory,
            },
            &cx,
        )
    }

    fn of(statements: &str) -> Vec<Fault> {
        faults(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
        ))
    }

    #[test]
    fn everything_is_one_fault_in_each_form_and_its_remedy_replaces_it() {
        for statement in [
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"*:*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":["s3:*","iam:*"],"Resource":"*"}"#,
            r#"{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"IAM:*","Resource":"arn:aws:iam::111122223333:role/ads-*"}"#,
        ] {
            let found = of(statement);
            assert_eq!(found.len(), 1, "{statement}");
            let fix = &found[0].remedy.written().aws_cli;
            let body = fix.split_once("<<'EOF'\n").unwrap().1;
            let body = body.split_once("\nEOF\n").unwrap().0;
            assert_eq!(faults(body), [], "{body}");
        }
    }

    #[test]
    fn what_is_denied_or_elsewhere_is_no_administration() {
        let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        let deny = r#"{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#;
        assert_eq!(of(&format!("{all},{deny}")), []);
        assert_eq!(
            of(r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::x/*"}"#),
            []
        );
        assert_eq!(
            of(r#"{"Effect":"Allow","Action":["iam:Get*","s3:*"],"Resource":"*"}"#),
            []
        );
    }
}
