//! Rules about single statements of policies, whatever role holds them.

use crate::estate::Arn;
use crate::fault::Fault;
use crate::iam::{Condition, Held, Holder, Inventory, PolicyName, Statement};
use crate::policy::Policy;
use crate::rule::Rule;

pub(crate) static RULES: &[&Rule] = &[];

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
pub struct Stated<'a> {
    /// The account's roles.
    pub inventory: &'a Inventory<'a>,
    /// The role.
    pub holder: &'a Holder<'a>,
    /// The policy: inline, attached, or the role's trust policy.
    pub held: &'a Held<'a>,
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

impl<'a> Stated<'a> {
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
        Fault::of_statement(self.holder, self.held.name, self.statement, evidence)
    }

    /// The ARN of a role of this account that doesn't exist, to see what a pattern covers.
    pub fn probe(&self, name: &str) -> Arn {
        let account = &self.inventory.account;
        let partition = account.arn.partition();
        Arn::from(format!("arn:{partition}:iam::{}:role/{name}", account.id))
    }
}
