//! The steps by which one role comes to another.

use std::collections::{BTreeMap, BTreeSet};

use crate::estate::ReadScopes;
use crate::graph::edges::{LocatedStatement, Node, Target};
use crate::graph::{Estate, account_of};
use crate::iam::{
    Access, Caller, Decision, Effect, Known, Named, Principal, Principals, Request, Truth, ask,
    assume_access, context, covers_resource, role_of_session,
};
use crate::settings::Context;

/// A step from one role to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The place of the other.
    pub to: usize,
    /// How.
    pub kind: Kind,
    /// Whether it hangs on nothing that the inventory can't know.
    pub is_sure: bool,
    /// The place of the allowing statement among those on `sts:AssumeRole`, if it takes one.
    pub allowed_by: Option<usize>,
    /// The place of the statement that trusts, likewise.
    pub trusted_by: Option<usize>,
    /// What it was read from, besides the two roles.
    pub read_from: ReadScopes,
}

/// How one role comes to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// By starting a job with it.
    Submit,
    /// By assuming it.
    Assume,
    /// By rewriting who may assume it, or what it may do.
    Rewrite,
}

impl Kind {
    /// The word of a path.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "starts a job with",
            Self::Assume => "assumes",
            Self::Rewrite => "may rewrite",
        }
    }
}

/// A step between teams that one of the two sides refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Who would come.
    pub from: usize,
    /// Where to.
    pub to: usize,
    /// The place of the caller's statement that allows it, where the trust policy refuses.
    pub allowed_by: Option<usize>,
    /// The place of the statement that trusts, where the caller's side refuses.
    pub trusted_by: Option<usize>,
    /// Whether what the other side says hangs on nothing that the inventory can't know.
    pub is_sure: bool,
}

impl Step {
    /// A step that no statement on `sts:AssumeRole` makes.
    pub fn new(to: usize, kind: Kind, is_sure: bool) -> Self {
        Self {
            to,
            kind,
            is_sure,
            allowed_by: None,
            trusted_by: None,
            read_from: ReadScopes::none(),
        }
    }
}

/// Who may assume roles, by what its policies name.
struct Assumers<'a> {
    by_target: BTreeMap<&'a str, Vec<usize>>,
    by_target_account: BTreeMap<&'a str, Vec<(usize, &'a str)>>,
    anywhere: BTreeMap<&'a str, Vec<usize>>,
    by_session: BTreeMap<(&'a str, &'a str), usize>,
    by_account: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Assumers<'a> {
    fn new(nodes: &[&'a Node]) -> Self {
        let mut this = Self {
            by_target: BTreeMap::new(),
            by_target_account: BTreeMap::new(),
            anywhere: BTreeMap::new(),
            by_session: BTreeMap::new(),
            by_account: BTreeMap::new(),
        };
        for (at, node) in nodes.iter().enumerate() {
            let account = node.arn.account();
            this.by_session.insert((account, node.name()), at);
            this.by_account.entry(account).or_default().push(at);
            for target in &node.targets {
                match target {
                    Target::Role(arn) => this.by_target.entry(arn).or_default().push(at),
                    Target::InAccount(home, pattern) => {
                        let wide = this.by_target_account.entry(home).or_default();
                        wide.push((at, pattern));
                    }
                    Target::Anywhere => this.anywhere.entry(account).or_default().push(at),
                }
            }
        }
        this
    }

    /// Those whose policies name a role, by its ARN or by a pattern within its account.
    fn naming(&self, target: &Node) -> impl Iterator<Item = usize> {
        let arn = target.arn.as_str();
        let named = self.by_target.get(arn).into_iter().flatten().copied();
        let wide = self.by_target_account.get(target.arn.account());
        let covering = wide
            .into_iter()
            .flatten()
            .filter(move |(_, pattern)| pattern.contains("${") || covers_resource(pattern, arn));
        named.chain(covering.map(|(at, _)| *at))
    }

    /// Those whose own policies may let them assume a role, of one account or of any.
    fn of(&self, target: &Node, account: Option<&str>, nodes: &[&Node]) -> Vec<usize> {
        let is_of = |at: &usize| {
            account.is_none_or(|it| nodes.get(*at).is_some_and(|node| node.arn.account() == it))
        };
        let mut found: Vec<_> = self.naming(target).filter(is_of).collect();
        match account {
            Some(account) => found.extend(self.anywhere.get(account).into_iter().flatten()),
            None => found.extend(self.anywhere.values().flatten()),
        }
        found
    }

    /// Those that a trust statement may admit.
    fn admitted(&self, target: &Node, kept: &LocatedStatement, estate: &Estate<'_>) -> Vec<usize> {
        let Some(principals) = &kept.statement.principals else {
            return Vec::new();
        };
        let everybody = || {
            let mut all = self.of(target, None, &estate.nodes);
            let own = self.by_account.get(target.arn.account());
            all.extend(own.into_iter().flatten());
            all
        };
        match principals {
            Principals::AllBut(_) => everybody(),
            Principals::Only(list) => list
                .iter()
                .flat_map(|principal| match principal {
                    Principal::Anyone => everybody(),
                    Principal::Account(account) => {
                        let mut found = self.of(target, Some(account), &estate.nodes);
                        // Held to some of the account's roles, it is meant for them.
                        if kept.statement.narrows_callers() {
                            let all = self.by_account.get(account.as_str());
                            found.extend(all.into_iter().flatten());
                        }
                        found
                    }
                    Principal::Identity(arn) => {
                        let session = role_of_session(arn);
                        let session = session.and_then(|it| self.by_session.get(&it).copied());
                        estate.find(arn).or(session).into_iter().collect()
                    }
                    Principal::Gone(_)
                    | Principal::Service(_)
                    | Principal::Federated(_)
                    | Principal::CanonicalUser(_) => Vec::new(),
                })
                .collect(),
        }
    }
}

impl Estate<'_> {
    /// The steps of `sts:AssumeRole`, from what each role's trust policy names.
    pub(super) fn add_assumptions(&mut self, cx: &Context<'_>) {
        let assumers = Assumers::new(&self.nodes);
        for to in 0..self.nodes.len() {
            let Some(target) = self.node(to) else {
                continue;
            };
            let trust = target.trust();
            let mut callers: Vec<_> = trust
                .iter()
                .flat_map(|it| assumers.admitted(target, it, self))
                .filter(|&from| from != to)
                .collect();
            callers.sort_unstable();
            callers.dedup();
            for from in callers {
                self.weigh(from, to, trust, cx);
            }
            self.note_latent(to, trust, &assumers, cx);
        }
    }

    /// Asks both sides whether one role may assume another.
    fn weigh(&mut self, from: usize, to: usize, trust: &[LocatedStatement], cx: &Context<'_>) {
        let (Some(caller), Some(target)) = (self.node(from), self.node(to)) else {
            return;
        };
        let asked = Question::new(caller, target, trust, cx);
        let (identity, bounded) = asked.of_caller(caller.assume());
        let trusted = asked.of(trust);
        let same = caller.arn.account() == target.arn.account();
        let access = assume_access(&identity, bounded.as_ref(), &trusted, same);
        if access.may() {
            let step = Step {
                is_sure: access == Access::Allowed && caller.unread_limit.is_none(),
                allowed_by: identity.allowed_by.map(|it| it.policy),
                trusted_by: trusted.allowed_by.map(|it| it.policy),
                ..Step::new(to, Kind::Assume, false)
            };
            if let Some(steps) = self.steps.get_mut(from) {
                steps.push(step);
            }
            return;
        }
        // Only what names the caller itself is meant for it, or what is held to some of its account's roles.
        let narrows = || {
            trusted
                .allowed_by
                .as_ref()
                .is_some_and(|it| it.statement.narrows_callers())
        };
        let named = trusted.named >= Some(Named::Role) || trusted.named.is_some() && narrows();
        if named && trusted.allow.may() && !trusted.deny.may() && self.crosses(caller, target, cx) {
            self.refused.push(Refusal {
                from,
                to,
                allowed_by: None,
                trusted_by: trusted.allowed_by.map(|it| it.policy),
                is_sure: trusted.allow == Truth::True,
            });
        }
    }

    /// Notes who may assume a role of another team as far as its own policies go, though the trust policy
    /// refuses. What may assume roles of any account is said once, by `assume-unbounded`.
    fn note_latent(
        &mut self,
        to: usize,
        trust: &[LocatedStatement],
        assumers: &Assumers<'_>,
        cx: &Context<'_>,
    ) {
        let Some(target) = self.node(to) else {
            return;
        };
        let mut callers: Vec<_> = assumers.naming(target).collect();
        callers.sort_unstable();
        callers.dedup();
        for from in callers {
            let Some(caller) = self.node(from).filter(|it| self.crosses(it, target, cx)) else {
                continue;
            };
            let asked = Question::new(caller, target, trust, cx);
            let (identity, bounded) = asked.of_caller(caller.assume());
            let trusted = asked.of(trust);
            let own = crate::iam::identity_access(&identity, bounded.as_ref());
            let refused = trusted.allow == Truth::False || trusted.deny == Truth::True;
            if own.may() && refused {
                self.refused.push(Refusal {
                    from,
                    to,
                    allowed_by: identity.allowed_by.map(|it| it.policy),
                    trusted_by: None,
                    is_sure: own == Access::Allowed,
                });
            }
        }
    }

    /// A role of another team that a role comes to assume once its team tag is chosen, of these teams or of any, and
    /// as which team.
    pub fn assumed_by_tag(
        &self,
        from: usize,
        teams: Option<&BTreeSet<String>>,
        cx: &Context<'_>,
    ) -> Option<(usize, &'_ str)> {
        let caller = self.node(from)?;
        let key = format!("aws:PrincipalTag/{}", cx.policy.team_tag);
        let others = self.nodes.iter().enumerate();
        let mut others = others.filter(|(at, it)| *at != from && may_name(caller, it));
        others.find_map(|(to, target)| {
            let team = target
                .team
                .as_deref()
                .filter(|it| caller.team.as_deref() != Some(*it))
                .filter(|it| teams.is_none_or(|teams| teams.contains(*it)))?;
            let agreed = caller.team.is_some() && !self.crosses(caller, target, cx);
            let access = |team: Option<&str>| {
                let mut asked = Question::new(caller, target, target.trust(), cx);
                if let Some(team) = team {
                    let known = Known::One(team.to_owned().into());
                    asked.request.context.set(key.clone(), known);
                }
                let (identity, bounded) = asked.of_caller(caller.assume());
                let same = caller.arn.account() == target.arn.account();
                assume_access(&identity, bounded.as_ref(), &asked.of(target.trust()), same)
            };
            let opens = !agreed && !access(None).may() && access(Some(team)).may();
            opens.then_some((to, team))
        })
    }

    /// The accounts that a trust statement admits and that are none of ours.
    pub fn foreign<'k>(&self, kept: &'k LocatedStatement) -> impl Iterator<Item = &'k str> {
        let list = kept.statement.named();
        let accounts = list.iter().filter_map(account_of);
        let accounts = accounts.chain(kept.statement.accounts_of_conditions());
        let ours: Vec<bool> = accounts.clone().map(|it| self.is_ours(it)).collect();
        accounts
            .zip(ours)
            .filter(|(_, ours)| !ours)
            .map(|(it, _)| it)
    }
}

/// Whether a role may be allowed to assume another at all: a quick answer that spares asking.
fn may_name(caller: &Node, target: &Node) -> bool {
    let arn = target.arn.as_str();
    let names = |it: &Target| match it {
        Target::Role(name) => name == arn,
        Target::InAccount(_, pattern) => pattern.contains("${") || covers_resource(pattern, arn),
        Target::Anywhere => true,
    };
    caller.targets.iter().any(names) || caller.arn.account() == target.arn.account()
}

/// Whether one role may assume another.
struct Question<'a> {
    request: Request<'a>,
    caller: &'a Node,
}

impl<'a> Question<'a> {
    fn new(
        caller: &'a Node,
        target: &'a Node,
        trust: &[LocatedStatement],
        cx: &Context<'a>,
    ) -> Self {
        let asked = target.asked();
        let context = context(&caller.arn, &caller.tags, asked, cx.organization);
        // Where session tags may be passed, the caller chooses them.
        let allows = trust.iter().map(|it| &it.statement);
        let mut allows = allows.filter(|it| it.effect == Effect::Allow);
        let is_tagged = allows.any(|it| it.is_about("sts:TagSession"));
        let request = Request {
            action: "sts:AssumeRole",
            resource: asked.resource,
            caller: Caller::Role {
                arn: caller.arn.as_str(),
            },
            context: if is_tagged {
                context
            } else {
                context.untagged()
            },
        };
        Self { request, caller }
    }

    fn of<'k>(&self, statements: &'k [LocatedStatement]) -> Decision<'k, usize> {
        let statements = statements.iter().map(|it| &it.statement);
        ask(statements.enumerate(), &self.request)
    }

    /// What the caller's policies and its boundary say.
    fn of_caller<'k>(
        &self,
        assume: &'k [LocatedStatement],
    ) -> (Decision<'k, usize>, Option<Decision<'static, usize>>) {
        let bounded = self.caller.boundary();
        let bounded = bounded.map(|statements| self.of(statements).without_places());
        (self.of(assume), bounded)
    }
}
