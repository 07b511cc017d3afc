//! What a role may do to the boundary itself: the requests that would loosen it, asked one by one.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::estate::{Arn, ReadScope, Role};
use crate::finding::Fault;
use crate::iam::{
    Access, Effect, Holder, Inventory, Known, MatchedStatement, PolicyName, Request, Statement,
    Table,
};
use crate::remedy::iam::{forbid, guard_actions, mend};
use crate::settings::Context;
use crate::settings::Policy;
use crate::subject::evidence;
use crate::subject::evidence::witness;

/// Keys that requests hold for some actions only.
const BY_ACTION: [&str; 5] = [
    "iam:ResourceTag/",
    "iam:PermissionsBoundary",
    "iam:PolicyARN",
    "iam:PassedToService",
    "iam:AssociatedResourceArn",
];

/// What a request holds besides the plain.
type Keys<'k> = [(&'k str, Known<'static>)];

/// Something that could be changed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'b> {
    /// Its ARN.
    pub(crate) arn: &'b str,
    /// Its tags; nothing where they were not read.
    pub(crate) tags: Option<&'b BTreeMap<String, String>>,
}

impl<'b> Target<'b> {
    pub(crate) fn role(role: &'b Role) -> Self {
        Self {
            arn: role.arn.as_str(),
            tags: Some(&role.tags),
        }
    }
}

/// A role of a team, and what it was found to be able to do.
#[derive(Debug)]
pub(crate) struct Adversary<'a, 'b> {
    holder: &'b Holder<'a>,
    inventory: &'b Inventory<'a>,
    policy: &'b Policy,
    team: &'b str,
    found: Vec<Loophole<'b>>,
}

/// A statement that lets the role do something.
#[derive(Debug)]
struct Loophole<'b> {
    by: MatchedStatement<'b, PolicyName<'b>>,
    access: Access,
    /// The first request that it grants for certain, or else that it may grant.
    evidence: String,
    first: (&'static str, String),
    actions: BTreeSet<&'static str>,
    targets: BTreeSet<String>,
}

impl<'a, 'b> Adversary<'a, 'b> {
    /// A role with a team, where a statement of it allows any of the actions. Teams that serve all others are
    /// trusted to administer what is everybody's.
    pub(crate) fn new(
        holder: &'b Holder<'a>,
        inventory: &'b Inventory<'a>,
        cx: &Context<'b>,
        actions: &[&str],
    ) -> Option<Self> {
        let team = holder.team?;
        let mut allowing = allowing(holder);
        let may = allowing.any(|it| actions.iter().any(|action| it.is_about(action)));
        (may && !cx.policy.shared_teams.contains(team)).then_some(Self {
            holder,
            inventory,
            policy: cx.policy,
            team,
            found: Vec::new(),
        })
    }

    /// The roles of teams.
    pub(crate) fn roles(&self) -> impl Iterator<Item = &'b Role> + use<'a, 'b> {
        let roles = self.inventory.roles.iter();
        roles.filter(|it| it.team.is_some()).map(|it| it.role)
    }

    /// Asks for one request; `how` says what is special of it.
    pub(crate) fn attempt(
        &mut self,
        action: &'static str,
        target: Target<'_>,
        keys: &Keys<'_>,
        how: &str,
    ) -> Access {
        let request = self.request(action, target, keys);
        let granted = self.holder.may(&request);
        if let Some(by) = granted.by.filter(|_| granted.access.may()) {
            let seen = witness(self.holder, &request, granted.access, Some(&by));
            self.add(by, granted.access, action, target.arn, seen + how);
        }
        granted.access
    }

    /// Whether a plain request is granted for certain.
    pub(crate) fn is_sure_of(&self, action: &str, target: Target<'_>) -> bool {
        let request = self.request(action, target, &[]);
        self.holder.may(&request).access == Access::Allowed
    }

    /// Asks to give a target another team, and to take its team away.
    pub(crate) fn retag(&mut self, tag: &'static str, untag: &'static str, target: Target<'_>) {
        let policy = self.policy;
        let key = policy.team_tag.as_str();
        let team = target.tags.and_then(|it| policy.team(it));
        for keys in tag_keys(key) {
            if self.give_away(tag, target, team, &keys) {
                break;
            }
        }
        let mut held = target.tags.into_iter().flat_map(BTreeMap::keys);
        let held = held.find(|it| it.eq_ignore_ascii_case(key));
        let held = held.map_or(key, String::as_str);
        let how = format!(", to take its tag `{held}` away");
        for keys in tag_keys(held) {
            let keys = [("aws:TagKeys", keys)];
            if self.attempt(untag, target, &keys, &how).may() {
                break;
            }
        }
    }

    /// Asks to make a target the role's own team's, which opens an action on it.
    pub(crate) fn take(&mut self, tag: &'static str, target: Target<'_>, opened: &str) {
        let policy = self.policy;
        let request_tag = format!("aws:RequestTag/{}", policy.team_tag);
        let how = format!(
            ", to make it team `{}`'s, and then may {opened} it",
            self.team
        );
        for keys in tag_keys(&policy.team_tag) {
            let mut named = vec![
                (request_tag.as_str(), value(self.team)),
                ("aws:TagKeys", keys.clone()),
            ];
            if matches!(keys, Known::Many(_)) {
                named.push((SECOND_TAG, value("x")));
            }
            if self.attempt(tag, target, &named, &how).may() {
                break;
            }
        }
    }

    /// Asks to give a target any other team than it has.
    pub(crate) fn give_away(
        &mut self,
        tag: &'static str,
        target: Target<'_>,
        now: Option<&str>,
        keys: &Known<'static>,
    ) -> bool {
        let request_tag = format!("aws:RequestTag/{}", self.policy.team_tag);
        let mut named = vec![
            (request_tag.as_str(), Known::Unknown),
            ("aws:TagKeys", keys.clone()),
        ];
        if matches!(keys, Known::Many(_)) {
            named.push((SECOND_TAG, value("x")));
        }
        // What no value would open need not be tried with each.
        let request = self.request(tag, target, &named);
        if !self.holder.may(&request).access.may() {
            return false;
        }
        let mut teams = self.teams_but(now).into_iter();
        teams.any(|team| {
            if let Some((_, known)) = named.first_mut() {
                *known = value(&team);
            }
            let how = format!(", to make it team `{team}`'s");
            self.attempt(tag, target, &named, &how).may()
        })
    }

    /// The teams but one, the role's own first; `x` where there is no other.
    pub(crate) fn teams_but(&self, now: Option<&str>) -> Vec<String> {
        let roles = self.inventory.roles.iter().filter_map(|it| it.team);
        let known = self.policy.teams.iter().map(String::as_str);
        let mut others: BTreeSet<&str> = known.chain(roles).collect();
        others.remove(self.team);
        let all = std::iter::once(self.team).chain(others);
        let mut others: Vec<_> = all.filter(|it| Some(*it) != now).collect();
        if others.is_empty() {
            others.push("x");
        }
        others.into_iter().map(str::to_owned).collect()
    }

    pub(crate) fn request<'c>(
        &'c self,
        action: &'c str,
        target: Target<'c>,
        keys: &Keys<'_>,
    ) -> Request<'c> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        let tags = target.tags.unwrap_or(&NONE);
        let mut request = self
            .inventory
            .request(self.holder, action, target.arn, tags);
        if target.tags.is_none() {
            request.context.set("aws:ResourceTag/", Known::Unknown);
        }
        let table = Table::get();
        for key in BY_ACTION.iter().filter(|key| !table.works(action, key)) {
            request.context.set(*key, Known::Absent);
        }
        for (key, known) in keys {
            request.context.set((*key).to_owned(), known.clone());
        }
        request
    }

    pub(crate) fn add(
        &mut self,
        by: MatchedStatement<'b, PolicyName<'b>>,
        access: Access,
        action: &'static str,
        target: &str,
        evidence: String,
    ) {
        let mut found = self.found.iter_mut();
        let same = found.find(|it| std::ptr::eq(it.by.statement, by.statement));
        let first = (action, target.to_owned());
        let Some(loose) = same else {
            self.found.push(Loophole {
                by,
                access,
                evidence,
                actions: BTreeSet::from([action]),
                targets: BTreeSet::from([target.to_owned()]),
                first,
            });
            return;
        };
        if access > loose.access {
            (loose.access, loose.evidence, loose.first) = (access, evidence, first);
        }
        loose.actions.insert(action);
        loose.targets.insert(target.to_owned());
    }

    /// One fault for each statement that is to blame, mended by taking the actions from it.
    pub(crate) fn faults(self) -> Vec<Fault> {
        self.faults_mended(forbid)
    }

    /// One fault for each statement that is to blame, mended by leaving it the actions on what its team's tag is on.
    pub(crate) fn faults_of_others(self) -> Vec<Fault> {
        let key = format!("aws:ResourceTag/{}", self.policy.team_tag);
        let team = self.team.to_owned();
        self.faults_mended(|list, at, statement, actions| {
            guard_actions(list, at, statement, actions, (&key, &team));
        })
    }

    fn faults_mended(
        self,
        change: impl Fn(&mut Vec<Value>, usize, &Statement, &[&str]),
    ) -> Vec<Fault> {
        let faults = self.found.iter().map(|it| it.fault(self.holder, &change));
        faults.collect()
    }
}

impl Loophole<'_> {
    pub(crate) fn fault(
        &self,
        holder: &Holder<'_>,
        change: impl Fn(&mut Vec<Value>, usize, &Statement, &[&str]),
    ) -> Fault {
        let (action, target) = &self.first;
        let actions = self.actions.iter().filter(|it| *it != action);
        let actions: Vec<_> = actions.copied().collect();
        let mut evidence = self.evidence.clone();
        if !actions.is_empty() {
            evidence = format!("{evidence}; so may {}", actions.join(", "));
        }
        match self.targets.iter().filter(|it| *it != target).count() {
            0 => {}
            1 => evidence.push_str("; and so 1 other"),
            others => evidence = format!("{evidence}; and so {others} others"),
        }
        let (name, statement) = (self.by.policy, self.by.statement);
        let actions: Vec<_> = self.actions.iter().copied().collect();
        let fix = mend(name, holder.role, statement.index, |list, at| {
            change(list, at, statement, &actions);
        });
        evidence::of_grant(holder, name, statement, &evidence)
            .mended_by(fix)
            .read_from(self.targets.iter().filter_map(|it| read_by_itself(it)))
    }
}

/// What a target was read from, where that isn't what the account's roles were read from.
fn read_by_itself(target: &str) -> Option<ReadScope> {
    let is_role = target.contains(":role/");
    let target = Arn::from(target);
    // What lies in an application was asked by the application's tags.
    let read = target.application().unwrap_or(target);
    ReadScope::resource(&read).filter(|_| !is_role)
}

/// What a role's policies allow.
pub(crate) fn allowing<'b>(holder: &'b Holder<'_>) -> impl Iterator<Item = &'b Statement> {
    let policies = holder.policies.iter();
    let statements = policies.flat_map(|it| &it.document.statements);
    statements.filter(|it| it.effect == Effect::Allow)
}

/// The second of two tags, by which guards are got around that hang on all keys, or on any.
const SECOND_TAG: &str = "aws:RequestTag/x";

/// What a request of a tag holds: its key alone, or beside another.
pub(crate) fn tag_keys(key: &str) -> [Known<'static>; 2] {
    let both = vec![key.to_owned(), "x".to_owned()];
    [value(key), Known::Many(both)]
}

/// A key that the request holds with one value.
pub(crate) fn value(text: &str) -> Known<'static> {
    Known::One(Cow::Owned(text.to_owned()))
}

/// A key with the ARN of the boundary that a role has, if it has one.
pub(crate) fn boundary_of(role: &Role) -> (&'static str, Known<'static>) {
    let known = role
        .boundary
        .as_ref()
        .map_or(Known::Absent, |it| value(it.as_str()));
    ("iam:PermissionsBoundary", known)
}

/// Policies that somebody who may choose would choose from: AWS's strongest, and one of the account's own.
pub(crate) fn policies_of_choice(inventory: &Inventory<'_>) -> [Arn; 4] {
    let account = inventory.account;
    let (partition, id) = (account.arn.partition(), &account.id);
    let of_aws = |name: &str| Arn::from(format!("arn:{partition}:iam::aws:policy/{name}"));
    [
        everything(inventory),
        of_aws("PowerUserAccess"),
        of_aws("IAMFullAccess"),
        Arn::from(format!("arn:{partition}:iam::{id}:policy/lineward-probe")),
    ]
}

/// AWS's policy that allows everything.
pub(crate) fn everything(inventory: &Inventory<'_>) -> Arn {
    let partition = inventory.account.arn.partition();
    Arn::from(format!(
        "arn:{partition}:iam::aws:policy/AdministratorAccess"
    ))
}
