//! The shortest way from one team's jobs to another team's roles.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::estate::ReadScopes;
use crate::graph::{Estate, Step, is_pivot};
use crate::settings::{Context, Policy};

/// A way from role to role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The roles, first to last.
    pub roles: Vec<usize>,
    /// How each comes to the next, in words.
    pub steps: Vec<String>,
    /// Whether each step is sure.
    pub is_sure: bool,
}

/// How one team comes to another's roles through one role that isn't its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The shortest way.
    pub path: Path,
    /// The roles of the other team that are reached.
    pub targets: BTreeSet<usize>,
    /// What the shortest ways to each of them were read from.
    pub read_from: ReadScopes,
}

/// What a team reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamReach {
    /// Other teams, by the last role on the way and by name.
    pub crossings: BTreeMap<(usize, String), Crossing>,
    /// The untagged roles on the way, each with what the shortest way to it was read from.
    pub pivots: BTreeMap<usize, ReadScopes>,
}

/// The step by which each role is first come to.
type Before<'s> = BTreeMap<usize, Option<(usize, &'s Step)>>;

impl Path {
    /// The way in words, as far as its first steps.
    pub fn words(&self, start: &str, steps: usize) -> String {
        let steps: Vec<_> = self.steps.iter().take(steps).map(String::as_str).collect();
        format!("`{start}` {}", steps.join(", which "))
    }
}

impl Estate<'_> {
    /// The teams that have roles and don't serve all.
    pub fn teams(&self, policy: &Policy) -> BTreeSet<&str> {
        let teams = self.nodes.iter().filter_map(|it| it.team.as_deref());
        teams.filter(|it| !policy.is_shared(Some(it))).collect()
    }

    /// What a team reaches from its roles, breadth first.
    ///
    /// A step that leads straight from a team's role to another's is a finding of its own, so only what passes
    /// through untagged roles counts here, and no other team's role is passed through.
    pub(super) fn reach(&self, team: &str, cx: &Context<'_>) -> TeamReach {
        let mut reached = TeamReach::default();
        let mut before: Before<'_> = BTreeMap::new();
        let mut queue = VecDeque::new();
        for (at, node) in self.nodes.iter().enumerate() {
            if node.team.as_deref() == Some(team) {
                before.insert(at, None);
                queue.push_back(at);
            }
        }
        while let Some(at) = queue.pop_front() {
            let Some(node) = self.node(at) else { continue };
            // A role that another team shares is a way on, too: its team has agreed to no more than itself.
            let by_others = node.team.as_deref() != Some(team);
            if by_others && is_pivot(node, cx.policy) {
                reached.pivots.insert(at, self.read_to(at, &before));
            }
            for step in self.steps.get(at).into_iter().flatten() {
                let Some(next) = self.node(step.to) else {
                    continue;
                };
                let theirs = next.team.as_deref();
                if cx.policy.crosses(Some(team), theirs, &next.arn, cx.now) {
                    if by_others {
                        self.add_crossing(&mut reached, (at, step), &before);
                    }
                } else if let Entry::Vacant(first) = before.entry(step.to) {
                    first.insert(Some((at, step)));
                    queue.push_back(step.to);
                }
            }
        }
        reached
    }

    /// Notes that a step leads to another team's role.
    fn add_crossing(
        &self,
        reached: &mut TeamReach,
        (at, step): (usize, &Step),
        before: &Before<'_>,
    ) {
        let Some(team) = self.node(step.to).and_then(|it| it.team.clone()) else {
            return;
        };
        let last = self.way_from(&[at, step.to], [step]);
        let read_from = self.read_to(at, before).and(last);
        let new = || Crossing {
            path: self.path((at, step), before),
            targets: BTreeSet::new(),
            read_from: ReadScopes::none(),
        };
        let crossing = reached.crossings.entry((at, team)).or_insert_with(new);
        crossing.targets.insert(step.to);
        crossing.read_from.extend(read_from);
    }

    /// The shortest way that ends in a step.
    fn path(&self, last: (usize, &Step), before: &Before<'_>) -> Path {
        let mut roles = vec![last.1.to];
        let mut steps = Vec::new();
        let mut is_sure = true;
        let mut next = Some(last);
        while let Some((from, step)) = next {
            is_sure &= step.is_sure;
            steps.push(format!("{} {}", step.kind.as_str(), self.told(from, step)));
            roles.push(from);
            next = before.get(&from).copied().flatten();
        }
        roles.reverse();
        steps.reverse();
        Path {
            roles,
            steps,
            is_sure,
        }
    }

    /// What the way to a role was read from.
    fn read_to(&self, end: usize, before: &Before<'_>) -> ReadScopes {
        let step_to = |at: usize| before.get(&at).copied().flatten();
        let earlier = |at: &usize| step_to(*at).map(|(from, _)| from);
        let mut roles: Vec<_> = std::iter::successors(Some(end), earlier).collect();
        roles.reverse();
        let steps = roles.iter().filter_map(|&at| step_to(at));
        self.way_from(&roles, steps.map(|(_, step)| step))
    }

    /// Where a step leads, and by which statements.
    pub fn told(&self, from: usize, step: &Step) -> String {
        let (Some(caller), Some(target)) = (self.node(from), self.node(step.to)) else {
            return String::new();
        };
        let allowed = step.allowed_by.and_then(|at| caller.assume().get(at));
        let allowed = allowed.map(|kept| kept.label(caller));
        let trusted = step.trusted_by.and_then(|at| target.trust().get(at));
        let trusted = trusted.map(|kept| kept.label(target));
        let by: Vec<_> = allowed.into_iter().chain(trusted).collect();
        let by = if by.is_empty() {
            String::new()
        } else {
            format!(" ({})", by.join("; "))
        };
        format!("`{}`{by}", target.arn)
    }
}
