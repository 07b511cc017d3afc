//! Rules about roles, their tags, and what they may do to others.

use std::collections::BTreeMap;

use crate::estate::ManagedPolicy;
use crate::finding::Fault;
use crate::finding::Remediation;
use crate::iam::{Holder, Inventory};
use crate::remedy::{shell, tag_policy, tag_role};
use crate::settings::Context;
use crate::settings::Policy;
use crate::subject::evidence;

/// A role with all its policies.
#[derive(Clone, Copy, Debug)]
pub struct RoleSubject<'a> {
    /// The role.
    pub holder: &'a Holder<'a>,
    /// The roles and policies of its account.
    pub inventory: &'a Inventory<'a>,
}

/// A managed policy of the account that a role in scope holds.
#[derive(Clone, Copy, Debug)]
pub struct ManagedPolicySubject<'a> {
    /// The policy.
    pub policy: &'a ManagedPolicy,
    /// The roles and policies of its account.
    pub inventory: &'a Inventory<'a>,
}

/// What carries a team's tag.
#[derive(Clone, Copy)]
pub(crate) enum Tagged<'a> {
    Role(&'a Holder<'a>),
    Policy(&'a ManagedPolicy, &'a BTreeMap<String, String>),
}

impl<'a> Tagged<'a> {
    /// The role, and the policies that no role before it holds.
    pub(crate) fn of(
        holder: &'a Holder<'a>,
        inventory: &'a Inventory<'a>,
    ) -> impl Iterator<Item = Self> {
        let held = inventory.first_held_by(&holder.role.arn).iter();
        let policies = held.filter_map(|policy| Some(Self::Policy(policy, policy.tags.as_ref()?)));
        std::iter::once(Self::Role(holder)).chain(policies)
    }

    /// The team's tags in every case of the key, as they stand: key and value.
    pub(crate) fn team_tags(self, policy: &Policy) -> Vec<(&'a str, &'a str)> {
        let tags = match self {
            Self::Role(holder) => &holder.role.tags,
            Self::Policy(_, tags) => tags,
        };
        tags.iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(&policy.team_tag))
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect()
    }

    pub(crate) fn fault(self, evidence: String, cx: &Context<'_>) -> Fault {
        match self {
            Self::Role(holder) => evidence::of_role(holder, evidence),
            Self::Policy(policy, tags) => Fault::of(&policy.arn, cx.policy.team(tags), evidence),
        }
    }

    pub(crate) fn tag(self, key: &str, value: Option<&str>) -> Remediation {
        match self {
            Self::Role(holder) => tag_role(&holder.role.arn, key, value),
            Self::Policy(policy, _) => tag_policy(policy, key, value),
        }
    }

    /// The command that takes a tag away.
    pub(crate) fn untag(self, key: &str) -> String {
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

/// Why a team isn't known; that a tag is empty is another fault.
pub(crate) fn unknown_team(team: &str, cx: &Context<'_>) -> Option<String> {
    if team.trim().is_empty() || cx.policy.knows_team(team) {
        return None;
    }
    Some(match cx.policy.near_team(team) {
        Some(near) => format!("team `{team}` is not registered; did you mean `{near}`?"),
        None => format!("team `{team}` is not registered"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_value_is_known_and_a_near_miss_is_named() {
        let cx = Context::example();
        assert_eq!(unknown_team("ads", &cx), None);
        assert_eq!(unknown_team(" ", &cx), None);
        let fact = "team `ADS ` is not registered; did you mean `ads`?";
        assert_eq!(unknown_team("ADS ", &cx).as_deref(), Some(fact));
        let fact = "team `nobody` is not registered";
        assert_eq!(unknown_team("nobody", &cx).as_deref(), Some(fact));
    }

    #[test]
    fn without_a_register_every_team_is_known_and_a_shared_one_always() {
        let mut policy = Policy::default();
        let known = |policy: &Policy| {
            let cx = Context {
                policy,
                ..Context::example()
            };
            unknown_team("platform", &cx).is_none()
        };
        assert!(known(&policy));
        policy.teams.insert("ads".into());
        assert!(!known(&policy));
        policy.shared_teams.insert("platform".into());
        assert!(known(&policy));
    }
}
