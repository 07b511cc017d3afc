//! Whom incidents go to, and how many.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use lineward_rules::catalogue::by_known_rule;
use lineward_rules::{RuleId, Severity};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Secret, value};

/// `[pagerduty]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PagerDuty {
    /// The Events API, without its path: `https://events.eu.pagerduty.com` for accounts in Europe.
    #[serde(deserialize_with = "value::endpoint")]
    pub endpoint: String,
    /// Where findings of no team are paged, and of teams without a key of their own.
    pub routing_key: Option<Secret>,
    /// Where the findings of single rules are paged, whatever their team, by the rules' ids.
    #[serde(deserialize_with = "by_known_rule")]
    pub rules: BTreeMap<RuleId, Secret>,
    /// What one incident is about.
    pub group_by: GroupBy,
    /// The least severity that pages.
    pub min_severity: Severity,
    /// How long a new application is left in peace (`15m`).
    #[serde(deserialize_with = "value::duration")]
    #[schemars(with = "String")]
    pub grace: SignedDuration,
    /// How many incidents one run may open through one routing key. What is beyond, but for what is critical,
    /// shares one summary incident.
    #[serde(deserialize_with = "value::at_least_one")]
    pub max_events: usize,
    /// What becomes of more incidents than `max_events` where nobody was paged before: `ask` (the default) opens
    /// one that asks, `page` opens them all.
    pub first_run: FirstRun,
    /// How long after it was last told an open incident is told again (`24h`); without it, only what is new
    /// is told.
    #[serde(deserialize_with = "value::some_time")]
    #[schemars(with = "Option<String>")]
    pub renotify: Option<SignedDuration>,
    /// How long sending may take (`5m`); the next run sends the rest.
    #[serde(deserialize_with = "value::time_limit")]
    #[schemars(with = "String")]
    pub send_timeout: SignedDuration,
    /// Where the catalogue of rules is published, so that events can point to it.
    #[serde(deserialize_with = "value::some_url")]
    pub rules_url: Option<String>,
}

impl Default for PagerDuty {
    fn default() -> Self {
        Self {
            endpoint: "https://events.pagerduty.com".into(),
            routing_key: None,
            group_by: GroupBy::Application,
            min_severity: Severity::Low,
            grace: SignedDuration::from_mins(15),
            rules: BTreeMap::new(),
            max_events: 50,
            first_run: FirstRun::Ask,
            renotify: None,
            send_timeout: SignedDuration::from_mins(5),
            rules_url: None,
        }
    }
}

/// What becomes of more incidents than anybody could read, where nobody was paged before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum FirstRun {
    /// Somebody is asked: to record them as known, or to be paged of them.
    Ask,
    /// They are opened.
    Page,
}

/// What one incident is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    /// One application, or another resource, with all its faults.
    Application,
    /// One rule, with all the resources of a team that it finds.
    Rule,
    /// One team, with all its faults.
    Team,
}
