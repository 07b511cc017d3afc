//! Which routing key pages whom.

use std::collections::BTreeMap;

use lineward_rules::{AccountId, RuleId};

use super::group::Group;
use crate::config::{Config, PagerDuty, Secret, SecretError, Team};
use crate::report::FindingRow;

/// The routing keys by their names, and the teams and rules that have one.
#[derive(Clone, Debug)]
pub struct Routing {
    teams: Vec<Team>,
    rules: BTreeMap<RuleId, String>,
    default: Option<String>,
    keys: BTreeMap<String, Result<String, SecretError>>,
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

/// Where findings go, and why there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// The name of the key, if there is any.
    pub(super) key: Option<String>,
    /// Why, in words.
    pub(super) reason: String,
}

impl Routing {
    /// Gathers the keys, and checks each before anything is sent. `opened_with` names those that incidents were
    /// opened with: what isn't configured any more is looked for all the same.
    pub async fn new(
        config: &Config,
        pagerduty: &PagerDuty,
        opened_with: impl IntoIterator<Item = &String>,
    ) -> Result<Self, RoutingError> {
        let default = pagerduty
            .routing_key
            .iter()
            .map(|key| ("`[pagerduty]`".to_owned(), key));
        let teams = config.team.iter().filter_map(|team| {
            team.routing_key
                .as_ref()
                .map(|key| (format!("team `{}`", team.name), key))
        });
        let rules = pagerduty
            .rules
            .iter()
            .map(|(rule, key)| (format!("rule `{rule}`"), key));
        let mut keys = BTreeMap::new();
        for (owner, key) in default.chain(teams).chain(rules) {
            let revealed = check(owner, key.reveal().await)?;
            keys.insert(key.name(), Ok(revealed));
        }
        if keys.is_empty() {
            return Err(RoutingError::None);
        }
        for name in opened_with {
            if let (false, Some(key)) = (keys.contains_key(name), Secret::from_name(name)) {
                keys.insert(name.clone(), key.reveal().await);
            }
        }
        let rules = pagerduty.rules.iter();
        Ok(Self {
            teams: config.team.clone(),
            rules: rules
                .map(|(rule, key)| (rule.clone(), key.name()))
                .collect(),
            default: pagerduty.routing_key.as_ref().map(Secret::name),
            keys,
        })
    }

    /// Where the findings of one group go: to their rule's key, else to that of the first team that has one,
    /// else to the default.
    pub(super) fn of(&self, group: &Group, findings: &[&FindingRow]) -> Route {
        if let Some(key) = group.storm_of() {
            let reason = "more incidents than `max_events` at once".into();
            return Route {
                key: Some(key.to_owned()),
                reason,
            };
        }
        if let Some((rule, key)) = group.rule().and_then(|rule| self.rules.get_key_value(rule)) {
            return Route {
                key: Some(key.clone()),
                reason: format!("rule `{rule}`"),
            };
        }
        let of_team = |finding: &&FindingRow| {
            let team = team(&finding.account, finding.team.as_deref(), &self.teams)?;
            let key = team.routing_key.as_ref()?;
            Some((team.name.clone(), key.name()))
        };
        match findings.iter().find_map(of_team) {
            Some((team, key)) => Route {
                key: Some(key),
                reason: format!("team `{team}`"),
            },
            None => Route {
                key: self.default.clone(),
                reason: format!("default key, since {}", self.why_default(findings)),
            },
        }
    }

    /// Why no team is paged.
    fn why_default(&self, findings: &[&FindingRow]) -> String {
        let registered = findings
            .iter()
            .find_map(|it| team(&it.account, it.team.as_deref(), &self.teams));
        if let Some(team) = registered {
            return format!("team `{}` has no routing key", team.name);
        }
        match findings.iter().find_map(|it| it.team.as_deref()) {
            Some(team) => format!("no `[[team]]` is called `{team}`"),
            None => "neither a team tag nor the account tells the team".into(),
        }
    }

    /// The key of this name: one of the configuration's, or the one an incident was opened with.
    pub(super) fn key(&self, name: &str) -> Option<&Result<String, SecretError>> {
        self.keys.get(name)
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

fn check(owner: String, key: Result<String, SecretError>) -> Result<String, RoutingError> {
    match key {
        Ok(key) if key.chars().count() == 32 => Ok(key),
        Ok(key) => Err(RoutingError::Length {
            owner,
            length: key.chars().count(),
        }),
        Err(source) => Err(RoutingError::Secret { owner, source }),
    }
}
