//! Rules about single statements of policies, whatever role holds them.

use crate::estate::Arn;
use crate::finding::Fault;
use crate::finding::{Remediation, Verdict};
use crate::iam::{
    AttachedPolicy, Condition, Context, Effect, Holder, Inventory, PolicyName, Statement, Table,
    Truth,
};
use crate::remedy::iam::mend;
use crate::remedy::restate;
use crate::settings::Policy;
use crate::subject::evidence;

/// What decides the boundary between teams: running with a role, becoming one, and changing one.
pub(crate) const BOUNDARY_ACTIONS: [&str; 22] = [
    "iam:PassRole",
    "sts:AssumeRole",
    "sts:TagSession",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:PutRolePolicy",
    "iam:AttachRolePolicy",
    "iam:DetachRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:DeletePolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:DeleteRolePermissionsBoundary",
    "iam:CreateRole",
    "emr-serverless:StartJobRun",
    "emr-serverless:StartSession",
    "emr-serverless:AccessLivyEndpoints",
    "emr-serverless:AccessInteractiveEndpoints",
    "emr-serverless:TagResource",
    "emr-serverless:UntagResource",
];

/// A statement, with the policy that it stands in and the role that holds it.
#[derive(Clone, Copy, Debug)]
pub struct StatementSubject<'a> {
    /// The account's roles.
    pub inventory: &'a Inventory<'a>,
    /// The role.
    pub holder: &'a Holder<'a>,
    /// The policy: inline, attached, or the role's trust policy.
    pub held: &'a AttachedPolicy<'a>,
    /// The statement.
    pub statement: &'a Statement,
}

/// Whose tag a condition compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TeamKey {
    /// `aws:ResourceTag/Team`, `iam:ResourceTag/Team`
    Resource,
    /// `aws:PrincipalTag/Team`
    Principal,
    /// `aws:RequestTag/Team`
    Request,
}

impl TeamKey {
    /// Whose team tag a condition compares, if any's.
    pub fn of(condition: &Condition, policy: &Policy) -> Option<Self> {
        let (prefix, tag) = condition.key.split_once('/')?;
        if !tag.eq_ignore_ascii_case(&policy.team_tag) {
            return None;
        }
        match prefix.to_ascii_lowercase().as_str() {
            "aws:resourcetag" | "iam:resourcetag" => Some(Self::Resource),
            "aws:principaltag" => Some(Self::Principal),
            "aws:requesttag" => Some(Self::Request),
            _ => None,
        }
    }
}

impl<'a> StatementSubject<'a> {
    /// The statements of all policies that roles hold, and of their trust policies.
    pub fn all(inventory: &'a Inventory<'a>) -> impl Iterator<Item = Self> {
        inventory.roles.iter().flat_map(move |holder| {
            let policies = holder.policies.iter().chain(&holder.trust);
            policies.flat_map(move |held| {
                let statements = held.document.statements.iter();
                statements.map(move |statement| Self {
                    inventory,
                    holder,
                    held,
                    statement,
                })
            })
        })
    }

    /// The role's team, where the statement is held to it: what a role of a team that serves all others may do is
    /// bounded by none, yet who may become that role is.
    pub fn bounded_team(&self, policy: &Policy) -> Option<&'a str> {
        let team = self.holder.team?;
        (self.is_trust() || !policy.is_shared(Some(team))).then_some(team)
    }

    /// The actions of the boundary that the statement is about.
    pub fn actions(&self) -> impl Iterator<Item = &'static str> {
        let statement = self.statement;
        BOUNDARY_ACTIONS
            .into_iter()
            .filter(|action| statement.is_about(action))
    }

    /// Whether it is of a trust policy.
    pub fn is_trust(&self) -> bool {
        matches!(self.held.name, PolicyName::Trust(_))
    }

    /// Its conditions on somebody's team tag.
    pub fn team_conditions(
        &self,
        policy: &Policy,
    ) -> impl Iterator<Item = (TeamKey, &'a Condition)> {
        let conditions = self.statement.conditions.iter();
        conditions.filter_map(|it| Some((TeamKey::of(it, policy)?, it)))
    }

    /// A fault of this statement.
    pub fn fault(&self, evidence: &str) -> Fault {
        evidence::of_statement(self.holder, self.held.name, self.statement, evidence)
    }

    /// That it can't be told of this statement.
    pub fn unknown(&self, reason: &str) -> Fault {
        let fault = self.fault(reason);
        let reason = match fault.verdict {
            Verdict::Fail(text) => text,
            Verdict::Unknown(_) | Verdict::Pass => String::new(),
        };
        Fault {
            verdict: Verdict::Unknown(reason),
            ..fault
        }
    }

    /// The ARN of a role of this account that doesn't exist, to see what a pattern covers.
    pub fn probe(&self, name: &str) -> Arn {
        let account = &self.inventory.account;
        let partition = account.arn.partition();
        Arn::from(format!("arn:{partition}:iam::{}:role/{name}", account.id))
    }
    /// Whether it is an allowing one about the boundary.
    pub fn is_boundary_allow(&self) -> bool {
        self.statement.effect == Effect::Allow && self.actions().next().is_some()
    }

    /// The actions of the boundary that it is about and that a condition key works for.
    pub fn guarded_by(&self, key: &str) -> impl Iterator<Item = &'static str> {
        self.actions().filter(|it| Table::get().works(it, key))
    }

    /// Its conditions on the team of the other side: in identity policies that of what is reached or asked
    /// for, in trust policies that of who calls. One's own tag is there for all to see. Keys that work for
    /// none of its actions guard nothing, and are the matter of `condition-key-ineffective`.
    pub fn guards(&self, policy: &Policy) -> impl Iterator<Item = (TeamKey, &'a Condition)> {
        let own = if self.is_trust() {
            TeamKey::Resource
        } else {
            TeamKey::Principal
        };
        let across = self.team_conditions(policy).filter(move |it| it.0 != own);
        across.filter(|(_, it)| self.guarded_by(&it.key).next().is_some())
    }

    /// What is known of a request wherever it goes: the tags of the role's own side.
    pub fn known(&self) -> Context<'a> {
        let tags = &self.holder.role.tags;
        if self.is_trust() {
            let context = Context::open().with_tags("aws:ResourceTag/", tags);
            return context.with_tags("iam:ResourceTag/", tags);
        }
        Context::open().with_tags("aws:PrincipalTag/", tags)
    }

    /// Whether its conditions on somebody's tag may be met by a team, all of them.
    pub fn admits(&self, key: TeamKey, team: &str, policy: &Policy) -> bool {
        let conditions = self.team_conditions(policy).filter(|it| it.0 == key);
        Truth::all(conditions.map(|(_, it)| {
            let context = self.known().with(&it.key, team);
            it.holds(self.statement.version, &context)
        }))
        .may()
    }

    /// What a condition compares tags with, to mean the role's own team: a policy that several roles may hold
    /// means the team of whoever calls.
    pub fn own_team(&self, policy: &Policy) -> String {
        match (self.held.name, self.holder.team) {
            (PolicyName::Inline(..) | PolicyName::Trust(_), Some(team)) => team.to_owned(),
            _ => format!("${{aws:PrincipalTag/{}}}", policy.team_tag),
        }
    }

    /// Its policy with another statement in its place.
    pub fn restated(&self, to: &Statement) -> Remediation {
        self.mended(|list, at| restate(list, at, self.statement, to))
    }

    /// Its policy, changed.
    pub fn mended(&self, change: impl FnOnce(&mut Vec<serde_json::Value>, usize)) -> Remediation {
        let role = self.holder.role;
        mend(self.held.name, role, self.statement.index, change)
    }
}
