//! What is kept of an account's roles once its slice is let go: never a whole policy document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::estate::{AccountId, Arn, ReadScopes};
use crate::finding::Fault;
use crate::finding::Remediation;
use crate::graph::statements::{Pool, Statements};
use crate::graph::step::{Kind, Step};
use crate::iam::{
    Access, Choice, Effect, Holder, Inventory, PolicyName, Principal, Principals, Statement,
    Submission, Tags, Target as RequestTarget,
};
use crate::remedy::shell;
use crate::settings::Context;

/// What an account's roles may do to others, and who may become them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// The account.
    pub account: String,
    /// Whether its roles were read whole.
    pub is_read: bool,
    /// The roles in scope.
    pub roles: Vec<Node>,
    /// Trust that lets the caller choose its team tag.
    pub spoofable: Vec<SpoofableRole>,
    /// Roles that should carry a team, as far as can be told within the account.
    pub untagged: Vec<Fault>,
    /// Guards of `iam:PassRole` that compare tags, where nothing else is found to be open.
    pub unreliable: Vec<Unreliable>,
    /// The roles that the walk left out: none of them carries a team.
    pub out_of_scope: BTreeSet<Arn>,
}

/// A statement that guards `iam:PassRole` by a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreliable {
    /// What it says, without its account: many roles may say the same.
    pub text: String,
    /// The role that holds it.
    pub role: Arn,
    /// The fault of that role.
    pub fault: Fault,
}

/// A role, as far as others matter to it and it to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its ARN.
    pub arn: Arn,
    /// The team that its tag names.
    pub team: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The statements on `sts:AssumeRole` of its policies.
    assume: Statements,
    /// Those of its permissions boundary.
    boundary: Option<Statements>,
    /// Those of its trust policy.
    trust: Statements,
    /// The roles that it may assume by name, and patterns of others, by account.
    pub targets: Vec<Target>,
    /// The steps within the account, with places in the account's list.
    pub local: Vec<Step>,
    /// What of it can't be read.
    pub unread: Vec<String>,
    /// A policy of it that was not read and may forbid what the others allow, in words.
    pub unread_limit: Option<String>,
    /// Which jobs it might start in applications that were not read, and where those are.
    pub unread_submission: Option<OpenQuestion>,
}

/// A role of which whoever assumes it chooses the team tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoofableRole {
    /// The role.
    pub role: Arn,
    /// The statement that lets it.
    pub fault: Fault,
    /// The teams that may be chosen; nothing where any may.
    pub teams: Option<BTreeSet<String>>,
    /// What the chosen tag opens within the account, in words.
    pub opens: Option<String>,
}

/// What can't be told, and what it hangs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenQuestion {
    /// Why it can't be told.
    pub reason: String,
    /// What was not read.
    pub read_from: ReadScopes,
}

/// What a role may assume, as its policies write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A role by its ARN.
    Role(String),
    /// Some roles of an account, by a pattern.
    InAccount(String, String),
    /// Roles of any account.
    Anywhere,
}

/// A statement that decides who assumes whom, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocatedStatement {
    /// The policy.
    pub source: Source,
    /// The statement.
    pub statement: Statement,
}

/// A policy of a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// One that lives in the role.
    Inline(String),
    /// One that is attached to it.
    Managed {
        /// Its ARN.
        arn: Arn,
        /// Its version.
        version: String,
    },
    /// Its trust policy.
    Trust,
}

impl Edges {
    /// What is kept of an account.
    pub fn of(inventory: &Inventory<'_>, is_read: bool, cx: &Context<'_>) -> Self {
        Self {
            account: inventory.account.id.to_string(),
            is_read,
            roles: inventory
                .roles
                .iter()
                .map(|holder| node(holder, inventory, cx))
                .collect(),
            spoofable: Vec::new(),
            untagged: Vec::new(),
            unreliable: Vec::new(),
            out_of_scope: inventory.out_of_scope().cloned().collect(),
        }
    }

    /// Lets its roles share what others say in the same words.
    pub fn share(&mut self, pool: &mut Pool) {
        for node in &mut self.roles {
            pool.share(&mut node.assume);
            pool.share(&mut node.trust);
            if let Some(boundary) = &mut node.boundary {
                pool.share(boundary);
            }
        }
    }
}

impl Node {
    /// The statements on `sts:AssumeRole` of its policies.
    pub fn assume(&self) -> &[LocatedStatement] {
        self.assume.as_slice()
    }

    /// Those of its permissions boundary, if it has one.
    pub fn boundary(&self) -> Option<&[LocatedStatement]> {
        self.boundary.as_ref().map(Statements::as_slice)
    }

    /// Those of its trust policy.
    pub fn trust(&self) -> &[LocatedStatement] {
        self.trust.as_slice()
    }

    /// It as what is asked for.
    pub fn asked(&self) -> RequestTarget<'_> {
        RequestTarget {
            resource: self.arn.as_str(),
            tags: &self.tags,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        let name = self.arn.as_str().rsplit('/').next();
        name.unwrap_or_default()
    }
}

fn node(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Node {
    let submission = inventory.submission(holder);
    let is_of_jobs = holder.is_execution || submission.access.may();
    let assume: Vec<_> = holder.policies.iter().flat_map(kept).collect();
    let mut targets: Vec<_> = assume
        .iter()
        .filter(|it| it.statement.effect == Effect::Allow)
        .flat_map(|it| targets(&it.statement))
        .collect();
    targets.sort();
    targets.dedup();
    // A role that comes to no other by itself matters as one of jobs only by those that it passes.
    let is_leading = !targets.is_empty() && !is_of_jobs;
    let trust: Vec<_> = holder.trust.iter().flat_map(kept).collect();
    let boundary = holder.boundary.as_ref().map(kept);
    Node {
        arn: holder.role.arn.clone(),
        team: holder.team.map(str::to_owned),
        tags: holder.role.tags.clone(),
        assume: assume.into(),
        boundary: boundary.map(Statements::from),
        trust: trust.into(),
        targets,
        local: local_steps(holder, inventory, &submission, cx),
        unread: holder.unread.clone(),
        unread_limit: holder.unread_limit(),
        unread_submission: unread_submission(holder, inventory, &submission, is_leading),
    }
}

fn kept(held: &crate::iam::AttachedPolicy<'_>) -> Vec<LocatedStatement> {
    let source = match held.name {
        PolicyName::Inline(_, name) => Source::Inline(name.to_owned()),
        PolicyName::Managed(policy) => Source::Managed {
            arn: policy.arn.clone(),
            version: policy.version.clone(),
        },
        PolicyName::Trust(_) => Source::Trust,
    };
    let statements = held.document.statements.iter();
    let is_about = |it: &Statement| WAYS_IN.iter().any(|action| it.is_about(action));
    let is_tagging = |it: &Statement| source == Source::Trust && it.is_about("sts:TagSession");
    let about = statements.filter(|it| (is_about(it) || is_tagging(it)) && !is_for_services(it));
    about
        .map(|statement| LocatedStatement {
            source: source.clone(),
            statement: statement.clone(),
        })
        .collect()
}

/// By what somebody becomes a role.
const WAYS_IN: [&str; 2] = ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"];

/// Whether a statement names services alone: no role comes in by it.
fn is_for_services(statement: &Statement) -> bool {
    let Some(Principals::Only(list)) = &statement.principals else {
        return false;
    };
    list.iter().all(|it| matches!(it, Principal::Service(_)))
}

fn targets(statement: &Statement) -> Vec<Target> {
    let Some(Choice::Only(patterns)) = &statement.resources else {
        return vec![Target::Anywhere];
    };
    let target = |pattern: &String| {
        let account = pattern.split(':').nth(4).unwrap_or_default();
        if !pattern.contains(['*', '?', '$']) {
            Target::Role(pattern.clone())
        } else if AccountId::is_valid(account) {
            Target::InAccount(account.to_owned(), pattern.clone())
        } else {
            Target::Anywhere
        }
    };
    patterns.iter().map(target).collect()
}

/// The roles that a role comes to by starting a job with them and, where that is asked, by rewriting them.
fn local_steps(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    submission: &Submission,
    cx: &Context<'_>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    if submission.access.may() {
        for (to, access) in passed(holder, inventory) {
            let is_read = holder.unread_limit().is_none();
            let is_sure = access.min(submission.access) == Access::Allowed && is_read;
            steps.push(Step {
                read_from: submission.read_from.clone(),
                ..Step::new(to, Kind::Submit, is_sure)
            });
        }
    }
    if cx.policy.tampering {
        for (to, target) in inventory.roles.iter().enumerate() {
            let access = rewrites(holder, inventory, target);
            if access.may() && target.role.arn != holder.role.arn {
                let is_sure = access == Access::Allowed && holder.unread_limit().is_none();
                steps.push(Step::new(to, Kind::Rewrite, is_sure));
            }
        }
    }
    steps
}

/// The execution roles that a role may pass, by their place.
fn passed<'a>(
    holder: &'a Holder<'_>,
    inventory: &'a Inventory<'_>,
) -> impl Iterator<Item = (usize, Access)> + 'a {
    let speaks = holder.speaks_of("iam:PassRole");
    let roles = inventory.roles.iter().enumerate().filter(move |_| speaks);
    let targets = roles.filter(|(_, target)| {
        let arn = &target.role.arn;
        target.is_execution
            && *arn != holder.role.arn
            && holder.may_reach("iam:PassRole", arn.as_str())
    });
    targets.filter_map(|(to, target)| {
        let (_, granted) = inventory.pass(holder, target, Tags::Honoured);
        granted.access.may().then_some((to, granted.access))
    })
}

/// What jobs in applications that were not read would add: another team's role, or an untagged one, and the roles
/// that it assumes where `is_leading`.
fn unread_submission(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    submission: &Submission,
    is_leading: bool,
) -> Option<OpenQuestion> {
    let hidden = submission.hidden.as_ref()?;
    let crosses = |&(to, _): &(usize, Access)| {
        let target = inventory.roles.get(to);
        target.is_some_and(|it| holder.team.is_none() || it.team != holder.team)
    };
    let mut others = passed(holder, inventory).filter(crosses);
    let first = others.next().and_then(|(to, _)| inventory.roles.get(to));
    let with = match first {
        Some(target) => {
            let more = match others.count() {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            format!(" with `{}`{more}", target.role.arn)
        }
        None if is_leading => String::new(),
        None => return None,
    };
    Some(OpenQuestion {
        reason: format!(
            "{}; whether it starts a job{with} can't be told",
            hidden.reason
        ),
        read_from: hidden.read_from.clone(),
    })
}

/// Whether a role may give itself another: by its trust policy, or by what its policies let others do with it.
fn rewrites(holder: &Holder<'_>, inventory: &Inventory<'_>, target: &Holder<'_>) -> Access {
    let actions = [
        "iam:UpdateAssumeRolePolicy",
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
    ];
    let role = target.role;
    let asked = actions
        .into_iter()
        .filter(|action| holder.speaks_of(action))
        .map(|action| {
            let request = inventory.request(holder, action, role.arn.as_str(), &role.tags);
            holder.may(&request).access
        });
    asked.max().unwrap_or(Access::NotAllowed)
}

impl LocatedStatement {
    /// Whether it decides who becomes a role, rather than which tags are passed.
    pub fn is_way_in(&self) -> bool {
        WAYS_IN.iter().any(|it| self.statement.is_about(it))
    }

    /// How people find the statement.
    pub fn label(&self, node: &Node) -> String {
        let policy = match &self.source {
            Source::Inline(name) => format!("inline policy `{name}` of `{}`", node.name()),
            Source::Managed { arn, version } => format!("policy `{arn}` {version}"),
            Source::Trust => format!("trust policy of `{}`", node.name()),
        };
        format!("{policy}, {}", self.statement.label())
    }

    /// A fault of this statement.
    pub fn fault(&self, node: &Node, evidence: &str) -> Fault {
        let (resource, policy) = match &self.source {
            Source::Inline(name) => (&node.arn, name.as_str()),
            Source::Managed { arn, .. } if arn.account() == "aws" => (&node.arn, arn.as_str()),
            Source::Managed { arn, .. } => (arn, ""),
            Source::Trust => (&node.arn, "trust"),
        };
        Fault {
            resource: Some(resource.clone()),
            part: crate::iam::part(policy, &self.statement),
            is_everything: self.statement.is_administrative(),
            ..node.fault(format!("{}: {evidence}", self.label(node)))
        }
    }

    /// The commands that read the policy, put a statement in this one's place, and write it back.
    pub fn replaced_by(&self, node: &Node, statements: &[Value]) -> Remediation {
        if matches!(&self.source, Source::Managed { arn, .. } if arn.account() == "aws") {
            // AWS keeps it: what to put in its place is the owner's to say.
            return Remediation::default();
        }
        let role = shell(node.name());
        let (read, write) = match &self.source {
            Source::Inline(name) => {
                let of = format!("--role-name {role} --policy-name {}", shell(name));
                (
                    format!("aws iam get-role-policy {of} --query PolicyDocument"),
                    format!("aws iam put-role-policy {of}"),
                )
            }
            Source::Managed { arn, version } => {
                let arn = shell(arn.as_str());
                (
                    format!(
                        "aws iam get-policy-version --policy-arn {arn} --version-id {} --query \
                         PolicyVersion.Document",
                        shell(version)
                    ),
                    format!("aws iam create-policy-version --policy-arn {arn} --set-as-default"),
                )
            }
            Source::Trust => (
                format!(
                    "aws iam get-role --role-name {role} --query Role.AssumeRolePolicyDocument"
                ),
                format!("aws iam update-assume-role-policy --role-name {role}"),
            ),
        };
        let at = self.statement.index;
        let Some((statement, more)) = statements.split_first() else {
            return Remediation::default();
        };
        let more = match more {
            [] => String::new(),
            more => format!(" | .Statement += {}", Value::from(more)),
        };
        let program = format!(
            ".Version = \"2012-10-17\" | .Statement |= (if type == \"array\" then . else [.] end) | \
             .Statement[{at}] = {statement}{more}"
        );
        let code = serde_json::to_string_pretty(statements).unwrap_or_default();
        let code = code.replace("${", "$${").replace("%{", "%%{");
        Remediation {
            aws_cli: format!(
                "# in account {}\n{read} --output json | jq {} > mended.json\n{write} \
                 --policy-document file://mended.json",
                node.arn.account(),
                shell(&program)
            ),
            terraform: format!("# statement {} of the policy\n{code}", at + 1),
        }
    }

    /// The statement changed, and those that come beside it.
    pub fn changed(&self, change: impl FnOnce(&mut Vec<Value>, usize)) -> Vec<Value> {
        let mut list = vec![self.statement.to_value()];
        change(&mut list, 0);
        list
    }
}

impl Node {
    /// A fault of the role as a whole.
    pub fn fault(&self, evidence: String) -> Fault {
        Fault::of(&self.arn, self.team.as_deref(), evidence)
    }
}
