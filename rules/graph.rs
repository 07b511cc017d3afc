//! Who comes to which role: the steps between the roles of all accounts.

mod edges;
mod path;
mod statements;
mod step;
pub(crate) mod stranger;

use std::collections::{BTreeMap, BTreeSet};

use crate::estate::{ReadScope, ReadScopes};
use crate::iam::Principal;
use crate::settings::Context;
use crate::settings::Policy;

pub use edges::{
    Edges, LocatedStatement, Node, OpenQuestion, Source, SpoofableRole, Target, Unreliable,
};
pub use path::{Crossing, Path, TeamReach};
pub use statements::{Pool, Statements};
pub use step::{Kind, Refusal, Step};

/// The roles of all accounts, and the steps between them.
#[derive(Debug)]
pub struct Estate<'a> {
    /// What was gathered of each account.
    pub accounts: &'a [Edges],
    /// All roles.
    pub nodes: Vec<&'a Node>,
    /// The steps from each role.
    pub steps: Vec<Vec<Step>>,
    /// Steps between teams that one of the two sides refuses.
    pub refused: Vec<Refusal>,
    /// What each team reaches.
    pub reached: BTreeMap<String, TeamReach>,
    /// Whether every account of the organization is among the accounts.
    pub is_whole: bool,
    by_arn: BTreeMap<&'a str, usize>,
    read: BTreeSet<&'a str>,
    known: BTreeSet<&'a str>,
}

impl<'a> Estate<'a> {
    /// Works out the steps: linear in the roles and in those that a trust policy admits.
    pub fn new(accounts: &'a [Edges], is_whole: bool, cx: &Context<'_>) -> Self {
        let nodes: Vec<&Node> = accounts.iter().flat_map(|it| &it.roles).collect();
        let by_arn = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| (node.arn.as_str(), at))
            .collect();
        let read = accounts.iter().filter(|it| it.is_read);
        let mut estate = Self {
            accounts,
            steps: vec![Vec::new(); nodes.len()],
            refused: Vec::new(),
            reached: BTreeMap::new(),
            is_whole,
            by_arn,
            read: read.map(|it| it.account.as_str()).collect(),
            known: accounts.iter().map(|it| it.account.as_str()).collect(),
            nodes,
        };
        estate.add_local_steps();
        estate.add_assumptions(cx);
        let teams = estate.teams(cx.policy).into_iter();
        let reached = teams.map(|team| (team.to_owned(), estate.reach(team, cx)));
        estate.reached = reached.collect();
        estate
    }

    /// The role at a place.
    pub fn node(&self, at: usize) -> Option<&'a Node> {
        self.nodes.get(at).copied()
    }

    /// The place of a role.
    pub fn find(&self, arn: &str) -> Option<usize> {
        self.by_arn.get(arn).copied()
    }

    /// Whether the roles of an account were read.
    pub fn is_read(&self, account: &str) -> bool {
        self.read.contains(account)
    }

    /// The accounts whose roles were not read.
    pub fn unread(&self) -> impl Iterator<Item = &'a str> {
        self.known.difference(&self.read).copied()
    }

    /// Whether an account belongs to the organization, as far as is known.
    pub fn is_ours(&self, account: &str) -> bool {
        self.known.contains(account)
    }

    /// Whether a step leads from a team's role to that of another which it may not reach.
    pub fn crosses(&self, from: &Node, to: &Node, cx: &Context<'_>) -> bool {
        let (from, team) = (from.team.as_deref(), to.team.as_deref());
        cx.policy.crosses(from, team, &to.arn, cx.now)
    }

    /// What these roles were read from.
    pub fn roles_of<'r>(&self, roles: impl IntoIterator<Item = &'r usize>) -> ReadScopes {
        let nodes = roles.into_iter().filter_map(|&at| self.node(at));
        let accounts: BTreeSet<_> = nodes.map(|it| it.arn.account()).collect();
        accounts.into_iter().map(ReadScope::roles_of).collect()
    }

    /// What a way was read from: its roles and the steps.
    pub fn way_from<'s>(
        &self,
        roles: &[usize],
        steps: impl IntoIterator<Item = &'s Step>,
    ) -> ReadScopes {
        let of_steps = steps.into_iter().flat_map(|it| &it.read_from);
        self.roles_of(roles).and(of_steps.cloned())
    }

    /// The steps that EMR Serverless, or tampering, makes within one account.
    fn add_local_steps(&mut self) {
        let mut first = 0;
        for account in self.accounts {
            for (at, node) in account.roles.iter().enumerate() {
                let steps = node.local.iter().map(|it| Step {
                    to: it.to + first,
                    ..it.clone()
                });
                if let Some(all) = self.steps.get_mut(first + at) {
                    all.extend(steps);
                }
            }
            first += account.roles.len();
        }
    }
}

/// Whether a role belongs to no team, or to one that serves all: what passes through it is nobody's.
pub fn is_pivot(node: &Node, policy: &Policy) -> bool {
    let team = node.team.as_ref();
    team.is_none_or(|team| policy.shared_teams.contains(team))
}

/// The account of a principal, where it has one.
pub fn account_of(principal: &Principal) -> Option<&str> {
    match principal {
        Principal::Account(account) => Some(account),
        Principal::Identity(arn) => arn.split(':').nth(4).filter(|it| !it.is_empty()),
        Principal::Anyone
        | Principal::Gone(_)
        | Principal::Service(_)
        | Principal::Federated(_)
        | Principal::CanonicalUser(_) => None,
    }
}
