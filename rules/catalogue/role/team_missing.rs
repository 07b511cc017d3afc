use std::collections::{BTreeMap, BTreeSet};

use crate::estate::Arn;
use crate::finding::Fault;
use crate::finding::Severity;
use crate::graph::stranger::no_tags;
use crate::graph::{Estate, Kind, Node, Target};
use crate::iam::{
    EMR_SERVERLESS, Effect, Holder, Inventory, PASSED_TO, Principal, Principals, Tags,
};
use crate::remedy::tag_role;
use crate::settings::Context;
use crate::subject::evidence;
use crate::subject::rule::rule;

rule! {
    /// The role carries no team tag
    ///
    /// Flags roles without the tag that names their team (`[teams] tag`, `Team` by default), or with an empty one,
    /// where they have to do with a team's boundary: those that EMR Serverless may assume; those that start jobs
    /// with the roles of one team alone; and, of high severity since what they hold is some team's data, those that
    /// a team's role may assume, in whatever account. Roles that are judged only since they can pass or assume
    /// others, as an administrator's can, are no team's and not flagged; what passes through them is said by
    /// `boundary-reachable`.
    ///
    /// ## Why it matters
    /// A policy that compares team tags can't hold the role apart from other teams, and a guard that lets a
    /// missing tag pass lets everybody in.
    ///
    /// ## How to fix
    /// Tag the role with its team.
    ///
    /// Source: IAM User Guide, "Tags for AWS Identity and Access Management resources".
    "role-team-missing", Medium, Estate { check }
}

fn check(estate: &Estate<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let of_accounts = estate.accounts.iter().flat_map(|it| &it.untagged);
    let mut faults: BTreeMap<Arn, Fault> = of_accounts
        .filter_map(|fault| Some((fault.resource.clone()?, fault.clone())))
        .collect();
    let joining = joining(estate);
    let place = |arn: &Arn| estate.find(arn.as_str());
    faults.retain(|arn, _| place(arn).is_none_or(|at| !joining.contains(&at)));
    for (at, comers) in comers(estate, cx) {
        let Some(node) = estate.node(at).filter(|_| !joining.contains(&at)) else {
            continue;
        };
        let read_from = estate.roles_of(&comers);
        let reached = reached(&node.arn, &names(estate, &comers), cx).read_from(read_from);
        worsen(&mut faults, reached);
    }
    for (arn, comers) in left_out(estate, cx) {
        let read_from = estate.roles_of(&comers);
        let reached = reached(arn, &names(estate, &comers), cx).read_from(read_from);
        worsen(
            &mut faults,
            reached.noting(", and whether it admits them was not kept"),
        );
    }
    faults.into_values().collect()
}

/// The roles through which two teams or more come to others: to tag them with one of the teams would mend nothing,
/// and `boundary-reachable` says what they are.
fn joining(estate: &Estate<'_>) -> BTreeSet<usize> {
    let mut comers: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for (team, reached) in &estate.reached {
        for (pivot, _) in reached.crossings.keys() {
            comers.entry(*pivot).or_default().insert(team);
        }
    }
    let joining = comers.into_iter().filter(|(_, teams)| teams.len() > 1);
    joining.map(|(at, _)| at).collect()
}

/// One role is one fault: that others come to it weighs most.
fn worsen(faults: &mut BTreeMap<Arn, Fault>, fault: Fault) {
    if let Some(resource) = fault.resource.clone() {
        faults.insert(resource, fault);
    }
}

/// The untagged roles, each with the roles of teams that may assume it. Whoever may assume everything is found
/// as that.
fn comers(estate: &Estate<'_>, cx: &Context<'_>) -> BTreeMap<usize, Vec<usize>> {
    let mut comers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (from, steps) in estate.steps.iter().enumerate() {
        let Some(caller) = estate.node(from).filter(|it| is_of_team(it, cx)) else {
            continue;
        };
        for step in steps.iter().filter(|it| it.kind == Kind::Assume) {
            let by = step.allowed_by.and_then(|at| caller.assume().get(at));
            let is_everything = by.is_some_and(|it| it.statement.is_administrative());
            let is_untagged = estate.node(step.to).is_some_and(|it| it.team.is_none());
            if is_untagged && !is_everything {
                comers.entry(step.to).or_default().push(from);
            }
        }
    }
    comers
}

/// The roles that a walk left out, each with the roles of teams whose policies name it.
fn left_out<'e>(estate: &Estate<'e>, cx: &Context<'_>) -> BTreeMap<&'e Arn, Vec<usize>> {
    let accounts = estate.accounts.iter();
    let left_out: BTreeSet<&Arn> = accounts.flat_map(|it| &it.out_of_scope).collect();
    let mut comers: BTreeMap<&Arn, Vec<usize>> = BTreeMap::new();
    for (from, node) in estate.nodes.iter().enumerate() {
        for target in node.targets.iter().filter(|_| is_of_team(node, cx)) {
            let Target::Role(arn) = target else { continue };
            if let Some(arn) = left_out.get(&Arn::from(arn.as_str())) {
                comers.entry(arn).or_default().push(from);
            }
        }
    }
    comers
}

/// Whether a role is of a team that doesn't serve all.
fn is_of_team(node: &Node, cx: &Context<'_>) -> bool {
    node.team.is_some() && !cx.policy.is_shared(node.team.as_deref())
}

/// The roles that come to another, with their teams.
fn names(estate: &Estate<'_>, comers: &[usize]) -> String {
    let nodes = comers.iter().filter_map(|&at| estate.node(at));
    let names = nodes.map(|it| {
        let team = it.team.as_deref().unwrap_or_default();
        format!("`{}` of team `{team}`", it.name())
    });
    names.collect::<Vec<_>>().join(", ")
}

fn reached(role: &Arn, comers: &str, cx: &Context<'_>) -> Fault {
    let key = &cx.policy.team_tag;
    let evidence = format!("has no tag `{key}`, and may be assumed by {comers}");
    let fault = Fault::of(role, None, evidence).mended_by(tag_role(role, key, None));
    fault.of_severity(Severity::High)
}

/// The roles of an account that should carry a team.
pub(crate) fn untagged(inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let roles = inventory.roles.iter();
    roles
        .filter_map(|it| of_account(it, inventory, cx))
        .collect()
}

fn of_account(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Option<Fault> {
    let key = &cx.policy.team_tag;
    let is_data = is_data(holder, inventory);
    let evidence = match cx.policy.team(&holder.role.tags) {
        None if holder.is_execution || is_data => format!("has no tag `{key}`"),
        None => {
            let team = starts_jobs_for(holder, inventory)?;
            format!("has no tag `{key}`, and starts jobs with roles of team `{team}` alone")
        }
        Some(team) if team.trim().is_empty() => format!("its tag `{key}` is empty"),
        Some(_) => return None,
    };
    let fix = tag_role(&holder.role.arn, key, None);
    let fault = evidence::of_role(holder, evidence).mended_by(fix);
    Some(if is_data {
        fault.of_severity(Severity::High)
    } else {
        fault
    })
}

/// The one team with whose roles this one starts jobs, where it may pass no others: an administrator passes all.
fn starts_jobs_for<'a>(holder: &Holder<'_>, inventory: &'a Inventory<'_>) -> Option<&'a str> {
    if !holder.starts_jobs() || !holder.speaks_of("iam:PassRole") || passes_any(holder, inventory) {
        return None;
    }
    let targets = inventory.roles.iter().filter(|target| {
        target.is_execution
            && inventory
                .pass(holder, target, Tags::Honoured)
                .1
                .access
                .may()
    });
    let teams: BTreeSet<_> = targets.map(|it| it.team).collect();
    match teams.into_iter().collect::<Vec<_>>().as_slice() {
        [team] => *team,
        _ => None,
    }
}

/// Whether a role may pass one that has nothing to do with it.
fn passes_any(holder: &Holder<'_>, inventory: &Inventory<'_>) -> bool {
    let (partition, account) = (inventory.account.arn.partition(), &inventory.account.id);
    let probe = format!("arn:{partition}:iam::{account}:role/lineward-probe");
    let mut request = inventory.request(holder, "iam:PassRole", &probe, no_tags());
    request.context = request.context.with(PASSED_TO, EMR_SERVERLESS);
    holder.may(&request).access.may()
}

/// Whether jobs become this role, rather than run with it.
fn is_data(holder: &Holder<'_>, inventory: &Inventory<'_>) -> bool {
    let trust = holder.trust.iter().flat_map(|it| &it.document.statements);
    let mut allows = trust.filter(|it| it.effect == Effect::Allow && it.is_about("sts:AssumeRole"));
    let runs_jobs = |it: &Principal| {
        let Principal::Identity(arn) = it else {
            return false;
        };
        inventory.find(arn).is_some_and(|it| it.is_execution)
    };
    let admits = allows.any(|it| {
        let principals = it.principals.iter();
        principals.flat_map(Principals::list).any(runs_jobs)
    });
    admits && !holder.is_execution
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Account, Role, Slice};

    fn faults(tags: &[(&str, &str)], trust: &str) -> Vec<Fault> {
        let tags = tags
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()));
        let role = Role {
            arn: Arn::from("arn:aws:iam::111122223333:role/judged"),
            tags: tags.collect(),
            trust: trust.into(),
            ..Role::example()
        };
        let slice = Slice {
            roles: vec![role, Role::example()],
            ..Slice::new(Account::example())
        };
        let cx = Context::example();
        let inventory = Inventory::new(&slice, cx.policy, None);
        of_account(&inventory.roles[0], &inventory, &cx)
            .into_iter()
            .collect()
    }

    fn trusts(principal: &str) -> String {
        format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}}}}}"#
        )
    }

    #[test]
    fn a_tag_in_any_case_passes_and_an_empty_one_fails() {
        let trust = Role::example().trust;
        assert_eq!(faults(&[("team", "ads")], &trust), []);
        for tags in [&[][..], &[("Team", " ")], &[("Owner", "ads")]] {
            let faults = faults(tags, &trust);
            assert_eq!(faults.len(), 1, "{tags:?}");
            assert_eq!(faults[0].severity, None);
        }
    }

    #[test]
    fn a_role_that_jobs_become_is_worse() {
        let named = format!(r#"{{"AWS":"{}"}}"#, Role::example().arn);
        let faults = faults(&[], &trusts(&named));
        assert_eq!(faults[0].severity, Some(Severity::High));
    }

    #[test]
    fn an_administrators_role_is_no_teams() {
        for principal in [
            r#"{"AWS":"111122223333"}"#,
            r#"{"AWS":"arn:aws:iam::999999999999:role/pipeline"}"#,
            r#"{"Service":"airflow.amazonaws.com"}"#,
        ] {
            assert_eq!(faults(&[], &trusts(principal)), [], "{principal}");
        }
    }
}
