//! Which routing key pages whom.

use std::collections::BTreeMap;

use lineward_rules::AccountId;

use crate::config::{Config, PagerDuty, Secret, SecretError, Team};
use crate::report::FindingRow;

/// The routing keys by their names, and the teams that have one.
#[derive(Clone, Debug)]
pub struct Routing {
    teams: Vec<Team>,
    default: Option<String>,
    keys: BTreeMap<String, Secret>,
}

/// Why a routing key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RoutingError {
    /// The secret can't be had.
    #[error("routing key of {owner}: {source}")]
    Secret {
        /// Whose key it is.
        owner: String,
        /// Why.
        source: SecretError,
    },
    /// The secret is no routing key.
    #[error("routing key of {owner} has {length} characters, PagerDuty's have 32")]
    Length {
        /// Whose key it is.
        owner: String,
        /// How many it has.
        length: usize,
    },
    /// There is none at all.
    #[error("no routing key: set `[pagerduty] routing_key`, or one of a `[[team]]`")]
    None,
}

impl Routing {
    /// Gathers the keys, and checks each before anything is sent.
    pub fn new(config: &Config, pagerduty: &PagerDuty) -> Result<Self, RoutingError> {
        let default = pagerduty
            .routing_key
            .iter()
            .map(|key| ("`[pagerduty]`".to_owned(), key));
        let teams = config.team.iter().filter_map(|team| {
            team.routing_key
                .as_ref()
                .map(|key| (format!("team `{}`", team.name), key))
        });
        let mut keys = BTreeMap::new();
        for (owner, key) in default.chain(teams) {
            check(owner, key)?;
            keys.insert(key.name(), key.clone());
        }
        if keys.is_empty() {
            return Err(RoutingError::None);
        }
        let default = pagerduty.routing_key.as_ref().map(Secret::name);
        Ok(Self {
            teams: config.team.clone(),
            default,
            keys,
        })
    }

    /// The name of the key that pages for these findings of one group: of the first team that has one.
    pub(super) fn of(&self, findings: &[&FindingRow]) -> Option<String> {
        let key = |finding: &&FindingRow| {
            let team = team(&finding.account, finding.team.as_deref(), &self.teams)?;
            team.routing_key.as_ref().map(Secret::name)
        };
        findings
            .iter()
            .find_map(key)
            .or_else(|| self.default.clone())
    }

    /// The key of this name: one of the configuration's, or the one an incident was opened with.
    pub(super) fn key(&self, name: &str) -> Option<Result<String, SecretError>> {
        let known = self.keys.get(name).cloned();
        known
            .or_else(|| Secret::from_name(name))
            .map(|secret| secret.reveal())
    }
}

/// The registered team that a tag names, or that an account belongs to.
pub(super) fn team<'a>(
    account: &AccountId,
    tag: Option<&str>,
    teams: &'a [Team],
) -> Option<&'a Team> {
    let tagged = teams.iter().find(|team| Some(team.name.as_str()) == tag);
    tagged.or_else(|| teams.iter().find(|team| team.accounts.contains(account)))
}

fn check(owner: String, key: &Secret) -> Result<(), RoutingError> {
    match key.reveal() {
        Ok(key) if key.chars().count() == 32 => Ok(()),
        Ok(key) => Err(RoutingError::Length {
            owner,
            length: key.chars().count(),
        }),
        Err(source) => Err(RoutingError::Secret { owner, source }),
    }
}
