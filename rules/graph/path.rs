//! The shortest way from one team's jobs to another team's roles.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::estate::ReadScopes;
use crate::graph::{Estate, Step, is_pivot};
use crate::settings::Context;

/// A way from role to role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The roles, first to last.
    pub roles: Vec<usize>,
    /// How each comes to the next, in words.
    pub words: String,
    /// Whether each step is sure.
    pub is_sure: bool,
    /// What it was read from.
    pub read_from: ReadScopes,
}

/// How one team comes to another's roles through roles of nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The shortest way.
    pub path: Path,
    /// How many other roles of that team are reached.
    pub others: usize,
    /// What the shortest ways to each of them were read from.
    pub read_from: ReadScopes,
}

/// What a team reaches.
#[derive(Debug, Default)]
pub struct Reached {
    /// Other teams, by name.
    pub crossings: BTreeMap<String, Crossing>,
    /// The roles of nobody on the way, each with what the shortest way to it was read from.
    pub pivots: BTreeMap<usize, ReadScopes>,
}

impl Estate<'_> {
    /// The teams that have roles which run or start jobs.
    pub fn teams(&self) -> BTreeSet<&str> {
        let nodes = self.nodes.iter().filter(|it| it.is_of_jobs);
        nodes.filter_map(|it| it.team.as_deref()).collect()
    }

    /// What a team reaches from its jobs, breadth first.
    ///
    /// A step that leads straight from a team's role to another's is a finding of its own, so only what passes
    /// through roles of nobody counts here, and no other team's role is passed through.
    pub fn reached(&self, team: &str, cx: &Context<'_>) -> Reached {
        let mut reached = Reached::default();
        let mut before: BTreeMap<usize, Option<(usize, &Step)>> = BTreeMap::new();
        let mut queue = VecDeque::new();
        for (at, node) in self.nodes.iter().enumerate() {
            if node.is_of_jobs && node.team.as_deref() == Some(team) {
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
                let Some(next) = self
                    .node(step.to)
                    .filter(|_| !before.contains_key(&step.to))
                else {
                    continue;
                };
                let theirs = next.team.as_deref();
                let crosses = cx.policy.crosses(Some(team), theirs, &next.arn, cx.now);
                if crosses && by_others {
                    before.insert(step.to, Some((at, step)));
                    let path = self.path(step.to, &before);
                    let team = theirs.unwrap_or_default().to_owned();
                    match reached.crossings.entry(team) {
                        Entry::Occupied(known) => {
                            let known = known.into_mut();
                            known.others += 1;
                            known.read_from.extend(path.read_from);
                        }
                        Entry::Vacant(new) => {
                            new.insert(Crossing {
                                read_from: path.read_from.clone(),
                                path,
                                others: 0,
                            });
                        }
                    }
                } else if !crosses {
                    before.insert(step.to, Some((at, step)));
                    queue.push_back(step.to);
                }
            }
        }
        reached
    }

    fn path(&self, end: usize, before: &BTreeMap<usize, Option<(usize, &Step)>>) -> Path {
        let mut roles = vec![end];
        let mut words = Vec::new();
        let mut is_sure = true;
        let mut at = end;
        while let Some(Some((from, step))) = before.get(&at) {
            is_sure &= step.is_sure;
            words.push(format!("{} {}", step.kind.as_str(), self.told(*from, step)));
            roles.push(*from);
            at = *from;
        }
        roles.reverse();
        words.reverse();
        let read_from = self.read_to(end, before);
        let start = self.node(at).map_or("", |it| it.arn.as_str());
        Path {
            roles,
            words: format!("`{start}` {}", words.join(", which ")),
            is_sure,
            read_from,
        }
    }

    /// What the way to a role was read from.
    fn read_to(&self, end: usize, before: &BTreeMap<usize, Option<(usize, &Step)>>) -> ReadScopes {
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
