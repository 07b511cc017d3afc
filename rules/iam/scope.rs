//! Which roles have to do with the boundary between teams.

use std::collections::{BTreeMap, BTreeSet};

use crate::estate::{Arn, ManagedPolicy, Role};
use crate::iam::context::Context;
use crate::iam::document::{Document, Effect};
use crate::iam::inventory::trusts_emr_serverless;
use crate::iam::principal::Principal;
use crate::iam::role_of_session;
use crate::settings::{Policy, RoleScope};

/// Whether a role is AWS's own: nobody else may change it.
pub fn is_service_linked(arn: &Arn) -> bool {
    arn.as_str().contains(":role/aws-service-role/")
}

/// Whether IAM Identity Center keeps a role.
pub fn is_identity_center(arn: &Arn) -> bool {
    arn.as_str()
        .contains(":role/aws-reserved/sso.amazonaws.com/")
}

/// What a role has to do with others, as far as that decides the scope.
struct Reach {
    /// What it may pass or assume, as patterns of ARNs.
    patterns: Vec<String>,
    /// Everything but something, or what can't be read: it may reach any.
    any: bool,
    /// Whether it may assume roles of other accounts, of whose scope nothing is known here.
    abroad: bool,
    /// The roles that its trust policy names.
    named: Vec<String>,
    /// Whether EMR Serverless may assume it.
    runs_jobs: bool,
}

/// The places of the roles in scope.
///
/// By default those that carry the team's tag, that EMR Serverless may assume or that job runs used, and to
/// a fixed point those that may pass or assume one of them; and those that may assume roles of other accounts,
/// since they may be a step between two teams' roles there.
pub fn in_scope(
    roles: &[Role],
    policies: &[ManagedPolicy],
    used: &BTreeSet<&str>,
    policy: &Policy,
) -> BTreeSet<usize> {
    if policy.role_scope == RoleScope::All {
        return (0..roles.len()).collect();
    }
    let documents: BTreeMap<_, _> = policies
        .iter()
        .map(|it| (it.arn.as_str(), Document::parse(&it.document).ok()))
        .collect();
    let reaches: Vec<_> = roles.iter().map(|role| reach(role, &documents)).collect();
    let abroad = reaches.iter().enumerate();
    let abroad = abroad.filter(|(_, it)| it.abroad).map(|(index, _)| index);
    let mut scope: BTreeSet<usize> = roles
        .iter()
        .enumerate()
        .filter(|(index, role)| {
            reaches.get(*index).is_some_and(|reach| reach.runs_jobs)
                || policy.team(&role.tags).is_some()
                || used.contains(role.arn.as_str())
        })
        .map(|(index, _)| index)
        .chain(abroad)
        .collect();
    let mut fresh: Vec<usize> = scope.iter().copied().collect();
    while !fresh.is_empty() {
        let targets: Vec<_> = fresh.iter().filter_map(|&at| roles.get(at)).collect();
        let named: BTreeSet<&str> = fresh
            .iter()
            .filter_map(|&at| reaches.get(at))
            .flat_map(|reach| reach.named.iter().map(String::as_str))
            .collect();
        fresh = (0..roles.len())
            .filter(|at| !scope.contains(at))
            .filter(|&at| {
                let (Some(role), Some(reach)) = (roles.get(at), reaches.get(at)) else {
                    return false;
                };
                named.contains(role.arn.as_str())
                    || named.contains(role.name.as_str())
                    || targets.iter().any(|target| reach.covers(&target.arn))
            })
            .collect();
        scope.extend(&fresh);
    }
    scope
}

fn reach(role: &Role, managed: &BTreeMap<&str, Option<Document>>) -> Reach {
    let mut reach = Reach {
        patterns: Vec::new(),
        any: false,
        abroad: false,
        named: Vec::new(),
        runs_jobs: false,
    };
    for inline in &role.inline_policies {
        match Document::parse(&inline.document) {
            Ok(document) => reach.add(&document, role.arn.account()),
            Err(_) => reach.anything(),
        }
    }
    for arn in &role.attached_policies {
        match managed.get(arn.as_str()) {
            Some(Some(document)) => reach.add(document, role.arn.account()),
            Some(None) | None => reach.anything(),
        }
    }
    if let Ok(trust) = Document::parse(&role.trust) {
        reach.runs_jobs = trusts_emr_serverless(&trust, role.arn.account());
        let statements = trust.statements.iter();
        let principals = statements.filter_map(|it| it.principals.as_ref());
        for principal in principals.flat_map(crate::iam::Principals::list) {
            if let Principal::Identity(name) = principal {
                // A session doesn't show its role's path.
                let session = role_of_session(name).map(|(_, name)| name);
                reach.named.push(session.unwrap_or(name).to_owned());
            }
        }
    }
    reach
}

impl Reach {
    /// What can't be read may lead anywhere.
    fn anything(&mut self) {
        (self.any, self.abroad) = (true, true);
    }

    fn add(&mut self, document: &Document, account: &str) {
        use crate::iam::document::Choice;
        for statement in &document.statements {
            let about = ["iam:PassRole", "sts:AssumeRole"]
                .iter()
                .any(|action| statement.is_about(action));
            if statement.effect == Effect::Deny || !about {
                continue;
            }
            match &statement.resources {
                Some(Choice::Only(patterns)) => {
                    let home = |it: &String| it.split(':').nth(4).map(str::to_owned);
                    self.abroad |= statement.is_about("sts:AssumeRole")
                        && patterns
                            .iter()
                            .any(|it| home(it).is_none_or(|it| it != account));
                    self.patterns.extend(patterns.iter().cloned());
                }
                Some(Choice::AllBut(_)) | None if !statement.is_about("sts:AssumeRole") => {
                    self.any = true;
                }
                Some(Choice::AllBut(_)) | None => self.anything(),
            }
        }
    }

    /// Whether it may reach a role, whatever the conditions and denials.
    fn covers(&self, role: &Arn) -> bool {
        let context = Context::open();
        self.any
            || self.patterns.iter().any(|pattern| {
                let pattern = crate::iam::Pattern::wild(pattern, crate::iam::Version::V2012);
                pattern.matches_resource(role.as_str(), &context).may()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::InlinePolicy;
    use std::collections::BTreeMap;

    fn role(name: &str, trust: &str, may: Option<(&str, &str)>) -> Role {
        let document = may.map(|(action, resource)| {
            format!(
                r#"{{"Statement":{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}}}"#
            )
        });
        let inline = document.map(|document| InlinePolicy {
            name: "p".into(),
            document,
        });
        Role {
            arn: Arn::from(format!("arn:aws:iam::111122223333:role/{name}")),
            name: name.into(),
            tags: BTreeMap::new(),
            trust: trust.into(),
            inline_policies: inline.into_iter().collect(),
            ..Role::example()
        }
    }

    const LAMBDA: &str = r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"Service":"lambda.amazonaws.com"}}}"#;

    fn names(roles: &[Role], used: &[&str], scope: RoleScope) -> Vec<String> {
        let policy = Policy {
            role_scope: scope,
            ..Policy::default()
        };
        let used = used.iter().copied().collect();
        let scope = in_scope(roles, &[], &used, &policy);
        scope.into_iter().map(|at| roles[at].name.clone()).collect()
    }

    #[test]
    fn a_role_is_in_scope_by_tag_trust_use_or_reach() {
        let tagged = Role {
            name: "tagged".into(),
            trust: LAMBDA.into(),
            ..Role::example()
        };
        let trusted = role("trusted", &Role::example().trust, None);
        let used = role("used", LAMBDA, None);
        let passes = role(
            "passes",
            LAMBDA,
            Some(("iam:PassRole", "arn:aws:iam::*:role/tru*")),
        );
        let reaches = role(
            "reaches",
            LAMBDA,
            Some(("sts:*", "arn:aws:iam::111122223333:role/passes")),
        );
        let abroad = "arn:aws:iam::222222222222:role/x";
        let abroad = role("abroad", LAMBDA, Some(("sts:AssumeRole", abroad)));
        let other = role("other", LAMBDA, Some(("s3:*", "*")));
        let roles = [tagged, trusted, used, passes, reaches, abroad, other];
        let used = ["arn:aws:iam::111122223333:role/used"];
        let found = names(&roles, &used, RoleScope::Boundary);
        assert_eq!(
            found,
            ["tagged", "trusted", "used", "passes", "reaches", "abroad"]
        );
        assert_eq!(names(&roles, &used, RoleScope::All).len(), 7);
    }

    #[test]
    fn roles_of_services_and_of_identity_center_are_told_by_their_path() {
        let arn = |path: &str| Arn::from(format!("arn:aws:iam::1:role/{path}"));
        assert!(is_service_linked(&arn(
            "aws-service-role/x.amazonaws.com/y"
        )));
        assert!(is_identity_center(&arn(
            "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_x"
        )));
        assert!(!is_service_linked(&arn("x")) && !is_identity_center(&arn("x")));
    }
}
