//! Rules about roles, their tags, and what they may do to others.

use std::collections::BTreeMap;

use crate::estate::ManagedPolicy;
use crate::fault::Fault;
use crate::finding::Remediation;
use crate::iam::{Holder, Inventory};
use crate::policy::Policy;
use crate::remediation::{shell, tag_policy, tag_role};
use crate::rule::{Context, Rule};

mod application_retaggable;
mod boundary_removable;
mod creatable_unbounded;
mod policy_other_team;
mod policy_retaggable;
mod policy_rewritable;
mod policy_team_missing;
mod policy_team_unknown;
mod retaggable;
mod team_missing;
mod team_tag_conflicting;
mod team_tag_miscased;
mod team_unknown;
mod trust_rewritable;

pub(crate) static RULES: &[&Rule] = &[
    &team_missing::RULE,
    &policy_team_missing::RULE,
    &team_unknown::RULE,
    &policy_team_unknown::RULE,
    &team_tag_miscased::RULE,
    &team_tag_conflicting::RULE,
    &policy_other_team::RULE,
    &retaggable::RULE,
    &application_retaggable::RULE,
    &policy_rewritable::RULE,
    &trust_rewritable::RULE,
    &boundary_removable::RULE,
    &creatable_unbounded::RULE,
    &policy_retaggable::RULE,
];

/// What carries a team's tag.
#[derive(Clone, Copy)]
enum Tagged<'a> {
    Role(&'a Holder<'a>),
    Policy(&'a ManagedPolicy, &'a BTreeMap<String, String>),
}

impl<'a> Tagged<'a> {
    /// The role, and the policies that no role before it holds.
    fn of(holder: &'a Holder<'a>, inventory: &'a Inventory<'a>) -> impl Iterator<Item = Self> {
        let held = inventory.first_held_by(&holder.role.arn).iter();
        let policies = held.filter_map(|policy| Some(Self::Policy(policy, policy.tags.as_ref()?)));
        std::iter::once(Self::Role(holder)).chain(policies)
    }

    /// The team's tags in every case of the key, as they stand: key and value.
    fn team_tags(self, policy: &Policy) -> Vec<(&'a str, &'a str)> {
        let tags = match self {
            Self::Role(holder) => &holder.role.tags,
            Self::Policy(_, tags) => tags,
        };
        tags.iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(&policy.team_tag))
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect()
    }

    fn fault(self, evidence: String, cx: &Context<'_>) -> Fault {
        match self {
            Self::Role(holder) => Fault::of_role(holder, evidence),
            Self::Policy(policy, tags) => Fault::of(&policy.arn, cx.policy.team(tags), evidence),
        }
    }

    fn tag(self, key: &str, value: &str) -> Remediation {
        match self {
            Self::Role(holder) => tag_role(holder.role, key, value),
            Self::Policy(policy, _) => tag_policy(policy, key, value),
        }
    }

    /// The command that takes a tag away.
    fn untag(self, key: &str) -> String {
        let key = shell(key);
        match self {
            Self::Role(holder) => {
                let name = shell(&holder.role.name);
                format!("aws iam untag-role --role-name {name} --tag-keys {key}")
            }
            Self::Policy(policy, _) => {
                let arn = shell(policy.arn.as_str());
                format!("aws iam untag-policy --policy-arn {arn} --tag-keys {key}")
            }
        }
    }
}
