//! What one incident is about, and PagerDuty's key for it.

use lineward_rules::RuleId;
use lineward_rules::estate::Arn;
use sha2::{Digest as _, Sha256};

use super::team;
use crate::config::{Config, GroupBy, PagerDuty};
use crate::report::FindingRow;

/// What one incident is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    pub(super) subject: Subject,
    /// The rule, where its findings go to a routing key of their own.
    routed: Option<RuleId>,
}

/// What the findings of an incident have in common. No part is ever empty: a key of empty parts would put
/// unrelated incidents together, and resolve the wrong one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// An application, or a resource that belongs to none.
    Resource(Arn),
    /// A rule, in one team.
    Rule(String, Team),
    /// A team.
    Team(Team),
    /// The routing key, by its name, to which more went at once than anybody could read.
    Storm(String),
    /// That the first run would open more than anybody could read.
    FirstRun,
}

/// A team, or the findings of none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Team {
    Named(String),
    None,
}

impl Group {
    /// The group of a finding.
    pub(super) fn of(finding: &FindingRow, pagerduty: &PagerDuty, config: &Config) -> Self {
        let subject = match pagerduty.group_by {
            GroupBy::Application => {
                let application = finding.resource.application();
                Subject::Resource(application.unwrap_or_else(|| finding.resource.clone()))
            }
            GroupBy::Rule => Subject::Rule(finding.rule.to_string(), team_of(finding, config)),
            GroupBy::Team => Subject::Team(team_of(finding, config)),
        };
        let routed = pagerduty.rules.contains_key(&finding.rule);
        Self {
            subject,
            routed: routed.then(|| finding.rule.clone()),
        }
    }

    /// What is more than anybody could read at once, of one routing key.
    pub(super) fn storm(routing_key: &str) -> Self {
        Self {
            subject: Subject::Storm(routing_key.to_owned()),
            routed: None,
        }
    }

    /// What asks how to begin.
    pub(super) fn first_run() -> Self {
        Self {
            subject: Subject::FirstRun,
            routed: None,
        }
    }

    /// The rule whose own routing key it goes to.
    pub(super) fn rule(&self) -> Option<&RuleId> {
        self.routed.as_ref()
    }

    /// The routing key whose storm it is.
    pub(super) fn storm_of(&self) -> Option<&str> {
        match &self.subject {
            Subject::Storm(key) => Some(key),
            Subject::Resource(_) | Subject::Rule(..) | Subject::Team(_) | Subject::FirstRun => None,
        }
    }

    /// PagerDuty's key: the same for the same group, in every run.
    pub(super) fn dedup_key(&self) -> String {
        let parts: [&str; 3] = match &self.subject {
            Subject::Resource(arn) => ["resource", arn.as_str(), "-"],
            Subject::Rule(rule, team) => ["rule", rule, team.as_str()],
            Subject::Team(team) => ["team", team.as_str(), "-"],
            Subject::Storm(key) => ["storm", key, "-"],
            Subject::FirstRun => ["first-run", "-", "-"],
        };
        let mut hash = Sha256::new();
        for part in parts
            .into_iter()
            .chain(self.routed.as_ref().map(RuleId::as_str))
        {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let digest = hash.finalize();
        let (first, rest) = digest.split_first_chunk().unwrap_or((&[0; 16], &[]));
        let second = rest.first_chunk().copied().unwrap_or_default();
        let (first, second) = (u128::from_be_bytes(*first), u128::from_be_bytes(second));
        format!("lineward/v1/{first:032x}{second:032x}")
    }
}

impl Team {
    fn as_str(&self) -> &str {
        match self {
            Self::Named(name) => name,
            // No tag value holds a line break, so no team is called this.
            Self::None => "\n",
        }
    }
}

/// The registered team that a finding is of: by its tag, or by its account.
fn team_of(finding: &FindingRow, config: &Config) -> Team {
    let team = team::registered(&finding.account, finding.team.as_deref(), &config.team);
    team.map_or(Team::None, |team| Team::Named(team.name.clone()))
}
