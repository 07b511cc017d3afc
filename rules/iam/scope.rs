//! Which roles have to do with the boundary between teams.

use std::collections::{BTreeMap, BTreeSet};

use crate::estate::{Arn, ManagedPolicy, Role};
use crate::iam::context::Context;
use crate::iam::document::{Document, Effect};
use crate::iam::inventory::trusts_emr_serverless;
use crate::iam::principal::{Principal, Principals};
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
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Reach {
    /// What it may pass or assume, as patterns of ARNs.
    patterns: Vec<String>,
    /// Everything but something, or what can't be read: it may reach any.
    any: bool,
    /// Whether it may assume roles of other accounts, of whose scope nothing is known here.
    abroad: bool,
    /// The roles that its trust policy names.
    named: Vec<String>,
    /// Whether its trust policy admits whole accounts, or everybody.
    admits_many: bool,
    /// Whether its trust policy admits identities of other accounts, of whose teams nothing is known here.
    from_abroad: bool,
    /// Whether EMR Serverless may assume it.
    runs_jobs: bool,
}

/// The places of the roles in scope.
///
/// By default those that carry the team's tag, that EMR Serverless may assume or that job runs used, and to
/// a fixed point those that may pass or assume one of them and those that they may assume; and those that may assume
/// roles of other accounts, or that identities of other accounts may assume, since they may be a step between two
/// teams' roles, or the untagged end of one, there.
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
    let abroad = abroad.filter(|(_, it)| it.abroad || it.from_abroad);
    let abroad = abroad.map(|(index, _)| index);
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
    scope.extend(assumed(roles, &reaches, policy));
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

/// The roles that teams' roles of the account may assume, and so on to a fixed point: both sides may allow it, as far
/// as their policies name each other. What assumes everything by its policies is admitted by whom it is named.
fn assumed(roles: &[Role], reaches: &[Reach], policy: &Policy) -> BTreeSet<usize> {
    let all = || roles.iter().zip(reaches).enumerate();
    let of_teams = all().filter(|(_, (role, _))| {
        let team = policy.team(&role.tags);
        team.is_some() && !policy.is_shared(team)
    });
    let mut fresh: Vec<usize> = of_teams.map(|(at, _)| at).collect();
    let mut found: BTreeSet<usize> = fresh.iter().copied().collect();
    while let Some(from) = fresh.pop() {
        let (Some(caller), Some(reach)) = (roles.get(from), reaches.get(from)) else {
            continue;
        };
        for (at, (target, theirs)) in all()
            .filter(|(at, _)| !found.contains(at))
            .collect::<Vec<_>>()
        {
            let mut named = theirs.named.iter();
            let is_named = named.any(|it| *it == caller.arn.as_str() || *it == caller.name);
            if is_named || theirs.admits_many && reach.covers(&target.arn) {
                found.insert(at);
                fresh.push(at);
            }
        }
    }
    found
}

fn reach(role: &Role, managed: &BTreeMap<&str, Option<Document>>) -> Reach {
    let mut reach = Reach {
        patterns: Vec::new(),
        any: false,
        abroad: false,
        named: Vec::new(),
        admits_many: false,
        from_abroad: false,
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
        let allows = trust
            .statements
            .iter()
            .filter(|it| it.effect == Effect::Allow);
        for principals in allows.filter_map(|it| it.principals.as_ref()) {
            reach.admit(principals, role.arn.account());
        }
    } else {
        (reach.admits_many, reach.from_abroad) = (true, true);
    }
    reach
}

impl Reach {
    /// What can't be read may lead anywhere.
    fn anything(&mut self) {
        (self.any, self.abroad) = (true, true);
    }

    /// Takes in whom a statement of the trust policy admits.
    fn admit(&mut self, principals: &Principals, own: &str) {
        let Principals::Only(list) = principals else {
            (self.admits_many, self.from_abroad) = (true, true);
            return;
        };
        for principal in list {
            match principal {
                Principal::Anyone => (self.admits_many, self.from_abroad) = (true, true),
                Principal::Account(account) => {
                    self.admits_many = true;
                    self.from_abroad |= account != own;
                }
                Principal::Identity(name) => {
                    self.from_abroad |= name.split(':').nth(4) != Some(own);
                    // A session doesn't show its role's path.
                    let session = role_of_session(name).map(|(_, name)| name);
                    self.named.push(session.unwrap_or(name).to_owned());
                }
                Principal::Gone(_)
                | Principal::Service(_)
                | Principal::Federated(_)
                | Principal::CanonicalUser(_) => {}
            }
        }
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

    fn trusts(principal: &str) -> String {
        format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{principal}"}}}}}}"#
        )
    }

    #[test]
    fn what_a_teams_role_may_assume_is_in_scope_and_what_others_accounts_may() {
        let tagged = |name: &str, may: &str| Role {
            tags: Role::example().tags,
            ..role(name, LAMBDA, Some(("sts:AssumeRole", may)))
        };
        let home = "arn:aws:iam::111122223333";
        let team = tagged("team", &format!("{home}:role/by-*"));
        let roles = [
            team,
            role("named", &trusts(&format!("{home}:role/team")), None),
            role("by-root", &trusts("111122223333"), None),
            role("behind", &trusts(&format!("{home}:role/by-root")), None),
            role("not-reached", &trusts("111122223333"), None),
            role(
                "of-another",
                &trusts(&format!("{home}:role/not-reached")),
                None,
            ),
            role("foreign", &trusts("arn:aws:iam::222222222222:role/x"), None),
            role("root-abroad", &trusts("222222222222"), None),
            role("anybody", &trusts("*"), None),
        ];
        let found = names(&roles, &[], RoleScope::Boundary);
        assert_eq!(
            found,
            [
                "team",
                "named",
                "by-root",
                "behind",
                "foreign",
                "root-abroad",
                "anybody"
            ]
        );
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
