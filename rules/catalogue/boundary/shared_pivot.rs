use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::catalogue::boundary::PART;
use crate::estate::ReadScopes;
use crate::finding::Fault;
use crate::graph::{Estate, is_pivot};
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// A role of nobody joins several teams
    ///
    /// Flags roles that carry no team, that the roles of two teams or more come to, and that come to a role
    /// of a team. Where one of these teams so comes to another's role, `boundary-reachable` says so.
    ///
    /// ## Why it matters
    /// Whatever it may do, all of these teams may do. It is where boundaries are lost without anybody having
    /// decided it.
    ///
    /// ## How to fix
    /// Split it by team, and tag each part; or list its team as `shared`, if it is meant to serve all.
    "boundary-shared-pivot", High, Estate { check }, yields_to: [boundary::reachable]
}

fn check(estate: &Estate<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let mut teams: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    let mut ways: BTreeMap<usize, ReadScopes> = BTreeMap::new();
    for (team, reached) in &estate.reached {
        for (&pivot, way) in &reached.pivots {
            teams.entry(pivot).or_default().insert(team);
            ways.entry(pivot).or_default().extend(way.clone());
        }
    }
    let joining = teams.into_iter().filter(|(_, teams)| teams.len() > 1);
    let faults = joining.filter_map(|(at, teams)| {
        let way = ways.remove(&at).unwrap_or_default();
        let pivot = estate.node(at).filter(|it| it.team.is_none())?;
        let (end, way_on) = first_of_a_team(estate, at, cx)?;
        let target = estate.node(end)?;
        let teams: Vec<_> = teams.into_iter().map(|it| format!("`{it}`")).collect();
        let evidence = format!(
            "the teams {} come to it, and it comes to `{}` of team `{}`",
            teams.join(", "),
            target.arn,
            target.team.as_deref().unwrap_or_default()
        );
        Some(Fault {
            part: PART.to_owned(),
            read_from: way.and(way_on),
            ..pivot.fault(evidence)
        })
    });
    faults.collect()
}

/// The nearest role of a team that a role of nobody comes to.
fn first_of_a_team(
    estate: &Estate<'_>,
    from: usize,
    cx: &Context<'_>,
) -> Option<(usize, ReadScopes)> {
    let mut seen = BTreeSet::from([from]);
    let mut queue = VecDeque::from([(from, ReadScopes::none())]);
    while let Some((at, way)) = queue.pop_front() {
        for step in estate.steps.get(at).into_iter().flatten() {
            if !seen.insert(step.to) {
                continue;
            }
            let node = estate.node(step.to)?;
            let roles = estate.roles_of(&[at, step.to]);
            let way = way.clone().and(roles).and(step.read_from.clone());
            if !is_pivot(node, cx.policy) {
                return Some((step.to, way));
            }
            queue.push_back((step.to, way));
        }
    }
    None
}
