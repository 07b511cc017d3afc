//! Which routing key pages whom.

use std::collections::{BTreeMap, BTreeSet};

use lineward_rules::RuleId;

use super::Change;
use super::group::Group;
use super::keys::{Key, KeyError, Keys};
use super::team;
use crate::config::{Config, PagerDuty, Secret, Team};
use crate::ledger::Incident;
use crate::report::FindingRow;

/// Whose the default key is.
const DEFAULT: &str = "`[pagerduty]`";

/// The routing keys, and the teams and rules that have one.
#[derive(Clone, Debug)]
pub struct Routing {
    teams: Vec<Team>,
    rules: BTreeMap<RuleId, String>,
    default: Option<String>,
    keys: Keys,
}

/// Why nobody can be paged.
#[derive(Debug, thiserror::Error)]
pub enum RoutingError {
    /// A key can't be used.
    #[error("routing key of {owner}: {source}")]
    Key {
        /// Whose key it is.
        owner: String,
        /// Why.
        source: KeyError,
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
    /// Gathers the keys, and checks those that lie at hand. `opened_with` names those that incidents were opened
    /// with: what isn't configured any more is looked for all the same.
    pub fn new<'a>(
        config: &Config,
        pagerduty: &PagerDuty,
        opened_with: impl IntoIterator<Item = &'a String>,
    ) -> Result<Self, RoutingError> {
        let mut keys = Keys::default();
        for (owner, key) in owned(config, Some(pagerduty)) {
            keys.add(key)
                .map_err(|source| RoutingError::Key { owner, source })?;
        }
        if keys.is_empty() {
            return Err(RoutingError::None);
        }
        for key in opened_with
            .into_iter()
            .filter_map(|name| Secret::from_name(name))
        {
            // Whoever is to be told through one that can't be used is told so then.
            if !matches!(key.at_hand(), Some(Err(_))) {
                let _ = keys.add(&key);
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

    /// Reads every key, so that a default key that can't be used is known before hours of walking are spent.
    pub async fn reveal_all(&mut self) -> Result<(), RoutingError> {
        self.keys.reveal(|_| true).await;
        let fault = self.default.as_ref().and_then(|it| self.keys.fault(it));
        match fault {
            None => Ok(()),
            Some(error) => Err(RoutingError::Key {
                owner: DEFAULT.into(),
                source: error.clone(),
            }),
        }
    }

    /// Reads the keys that changes are to be sent through; whether any had not been read before.
    pub async fn reveal_for(&mut self, changes: &[Change]) -> bool {
        let names: BTreeSet<_> = changes.iter().map(|it| it.routing_key.as_str()).collect();
        self.keys.reveal(|name| names.contains(name)).await
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
        let mut why_not = None;
        if let Some((rule, key)) = group.rule().and_then(|it| self.rules.get_key_value(it)) {
            match self.keys.fault(key) {
                Some(fault) => why_not = Some(format!("the key of rule `{rule}` fails: {fault}")),
                None => {
                    return Route {
                        key: Some(key.clone()),
                        reason: format!("rule `{rule}`"),
                    };
                }
            }
        }
        let of_team = |finding: &&FindingRow| {
            let team = team::registered(&finding.account, finding.team.as_deref(), &self.teams)?;
            let key = team.routing_key.as_ref()?;
            Some((team.name.as_str(), key.name()))
        };
        if let Some((team, key)) = findings.iter().find_map(of_team) {
            match self.keys.fault(&key) {
                Some(fault) => why_not = Some(format!("the key of team `{team}` fails: {fault}")),
                None => {
                    return Route {
                        key: Some(key),
                        reason: format!("team `{team}`"),
                    };
                }
            }
        }
        let why_not = why_not.unwrap_or_else(|| self.why_default(findings));
        let reason = match self.default {
            Some(_) => format!("default key, since {why_not}"),
            None => format!("nobody is paged: {why_not}, and there is no default key"),
        };
        Route {
            key: self.default.clone(),
            reason,
        }
    }

    /// The key for what is nobody's: the default one, or else the first that can be used.
    pub(super) fn any(&self) -> Option<String> {
        let teams = self
            .teams
            .iter()
            .filter_map(|team| team.routing_key.as_ref());
        let names = self.default.iter().cloned();
        let names = names
            .chain(teams.map(Secret::name))
            .chain(self.rules.values().cloned());
        let mut usable = names.filter(|name| self.keys.fault(name).is_none());
        usable.next()
    }

    /// Why no team is paged.
    fn why_default(&self, findings: &[&FindingRow]) -> String {
        let registered = findings
            .iter()
            .find_map(|it| team::registered(&it.account, it.team.as_deref(), &self.teams));
        if let Some(team) = registered {
            return format!("team `{}` has no routing key", team.name);
        }
        match findings.iter().find_map(|it| it.team.as_deref()) {
            Some(team) => format!("no `[[team]]` is called `{team}`"),
            None => "neither a team tag nor the account tells the team".into(),
        }
    }

    /// The key of this name: one of the configuration's, or the one an incident was opened with.
    pub(super) fn key(&self, name: &str) -> Option<&Key> {
        self.keys.get(name)
    }

    /// The digest of the key of this name, where it could be read.
    pub(super) fn digest(&self, name: &str) -> Option<String> {
        self.keys.digest(name)
    }

    /// Whether events about an incident can be sent through the key that opened it, now or in a minute.
    pub(super) fn reaches(&self, incident: &Incident) -> bool {
        let name = &incident.routing_key;
        let digests = incident.key_digest.as_ref().zip(self.keys.digest(name));
        self.keys.get(name).is_some()
            && self.keys.fault(name).is_none()
            && digests.is_none_or(|(then, now)| *then == now)
    }
}

/// The keys of a configuration, and whose each is.
fn owned<'a>(config: &'a Config, pagerduty: Option<&'a PagerDuty>) -> Vec<(String, &'a Secret)> {
    let default = pagerduty.and_then(|it| it.routing_key.as_ref());
    let default = default.map(|key| (DEFAULT.to_owned(), key));
    let teams = config.team.iter().filter_map(|team| {
        let key = team.routing_key.as_ref()?;
        Some((format!("team `{}`", team.name), key))
    });
    let rules = pagerduty.into_iter().flat_map(|it| &it.rules);
    let rules = rules.map(|(rule, key)| (format!("rule `{rule}`"), key));
    default.into_iter().chain(teams).chain(rules).collect()
}

/// The keys that can't be ones, for a run that needs none of them.
pub fn faults(config: &Config) -> Vec<RoutingError> {
    let keys = owned(config, config.pagerduty.as_ref()).into_iter();
    let faults = keys.filter_map(|(owner, key)| {
        let source = Keys::look(key)?;
        Some(RoutingError::Key { owner, source })
    });
    faults.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SecretError;

    #[test]
    fn a_team_whose_key_is_of_no_use_is_paged_by_default_unless_that_passes() {
        let config: Config = toml::from_str(
            "[pagerduty]\nrouting_key = 'R0123456789012345678901234567890'\n\
             [[team]]\nname = 'ads'\nrouting_key = 'secretsmanager:ads'",
        )
        .unwrap();
        let pagerduty = config.pagerduty.clone().unwrap();
        let finding =
            crate::report::tests::finding("spline-disabled", "arn:aws:x:y:1:/applications/a");
        let group = Group::of(&finding, &pagerduty, &config);
        let route = |code: Option<&str>| {
            let mut routing = Routing::new(&config, &pagerduty, []).unwrap();
            if let Some(code) = code {
                let error = SecretError::Refused {
                    id: "ads".into(),
                    code: code.into(),
                    message: "no".into(),
                };
                routing
                    .keys
                    .set("secretsmanager:ads", Key::Unusable(error.into()));
            }
            let route = routing.of(&group, &[&finding]);
            (route.key.unwrap(), route.reason)
        };
        let own = ("secretsmanager:ads".to_owned(), "team `ads`".to_owned());
        assert_eq!(route(None), own);
        assert_eq!(route(Some("ThrottlingException")), own);
        let (key, reason) = route(Some("ResourceNotFoundException"));
        assert!(key.starts_with("inline:"));
        assert_eq!(
            reason,
            "default key, since the key of team `ads` fails: secret `ads`: ResourceNotFoundException: no"
        );
    }
}
