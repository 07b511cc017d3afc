use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::catalogue::boundary::PART;
use crate::estate::ReadScopes;
use crate::finding::Fault;
use crate::graph::{Estate, is_pivot};
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// An untagged role joins several teams
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

/// The nearest role of a team that an untagged role comes to.
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

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::Role;
    use crate::subject::bench::{Bench, admit, allow, arn, role};

    fn caller(team: &str) -> Role {
        role(team, team).may(&allow("sts:AssumeRole", &arn("middle"), ""))
    }

    fn middle(team: &str, statements: &str) -> Role {
        let trust = admit(&format!("AWS {} {}", arn("ads"), arn("billing")), "");
        role("middle", team).trusting(&trust).may(statements)
    }

    fn data() -> Role {
        role("data", "billing").trusting(&admit(&format!("AWS {}", arn("middle")), ""))
    }

    fn to_data() -> String {
        allow("sts:AssumeRole", &arn("data"), "")
    }

    #[test]
    fn an_untagged_role_that_two_teams_come_to_and_that_comes_to_a_team_is_flagged() {
        let both = [caller("ads"), caller("billing")];
        let roles = both.into_iter().chain([middle("", &to_data()), data()]);
        let fault = Bench::of(roles.clone()).fault(&RULE);
        assert_eq!(fault.resource.unwrap().as_str(), arn("middle"));
        assert_eq!(fault.team, None);
        assert_eq!(
            Bench::of(roles).evidence(&RULE),
            "the teams `ads`, `billing` come to it, and it comes to \
             `arn:aws:iam::111122223333:role/data` of team `billing`"
        );
    }

    #[test]
    fn a_role_that_one_team_comes_to_passes() {
        let roles = [caller("ads"), middle("", &to_data()), data()];
        assert_eq!(Bench::of(roles).faults(&RULE), []);
    }

    #[test]
    fn a_role_that_comes_to_no_team_passes() {
        let ends = allow("s3:GetObject", "*", "");
        let roles = [caller("ads"), caller("billing"), middle("", &ends)];
        assert_eq!(Bench::of(roles).faults(&RULE), []);
    }

    #[test]
    fn a_role_that_is_meant_to_serve_all_passes() {
        let middle = middle("platform", &to_data());
        let bench = Bench::of([caller("ads"), caller("billing"), middle, data()]);
        assert_eq!(bench.shared("platform").faults(&RULE), []);
    }
}
