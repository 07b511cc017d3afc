//! What one incident is about, and PagerDuty's key for it.

use lineward_rules::estate::Arn;
use sha2::{Digest as _, Sha256};

use crate::config::{Config, GroupBy};
use crate::report::FindingRow;

/// What one incident is about. No part is ever empty: a key of empty parts would put unrelated
/// incidents together, and resolve the wrong one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// An application, or a resource that belongs to none.
    Resource(Arn),
    /// A rule, in one team.
    Rule(String, Team),
    /// A team.
    Team(Team),
}

/// A team, or the findings of none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Team {
    Named(String),
    None,
}

impl Group {
    /// The group of a finding.
    pub(super) fn of(finding: &FindingRow, group_by: GroupBy, config: &Config) -> Self {
        match group_by {
            GroupBy::Application => {
                let application = finding.resource.application();
                Self::Resource(application.unwrap_or_else(|| finding.resource.clone()))
            }
            GroupBy::Rule => Self::Rule(finding.rule.to_string(), team_of(finding, config)),
            GroupBy::Team => Self::Team(team_of(finding, config)),
        }
    }

    /// PagerDuty's key: the same for the same group, in every run.
    pub(super) fn dedup_key(&self) -> String {
        let parts: [&str; 3] = match self {
            Self::Resource(arn) => ["resource", arn.as_str(), "-"],
            Self::Rule(rule, team) => ["rule", rule, team.as_str()],
            Self::Team(team) => ["team", team.as_str(), "-"],
        };
        let mut hash = Sha256::new();
        for part in parts {
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
    let team = super::routing::team(&finding.account, finding.team.as_deref(), &config.team);
    team.map_or(Team::None, |team| Team::Named(team.name.clone()))
}
