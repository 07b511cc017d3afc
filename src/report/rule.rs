//! The rules in force.

use std::collections::BTreeMap;

use lineward_rules::settings::RuleSettings;
use lineward_rules::{Policy, RuleId, Severity, catalogue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A rule, and how it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleRow {
    /// Its id.
    pub id: RuleId,
    /// How bad its fault is here.
    pub severity: Severity,
    /// Whether it is on.
    pub enabled: bool,
    /// Its parameters as they are set, by name.
    pub parameters: BTreeMap<String, Value>,
}

impl RuleRow {
    /// Every rule under this policy, by id.
    pub(crate) fn all(policy: &Policy) -> Vec<Self> {
        let mut rows: Vec<_> = catalogue::rules()
            .map(|rule| {
                let id = RuleId::from(rule.id);
                let settings = policy.rules.settings.get(&id).copied();
                let RuleSettings { severity, enabled } = settings.unwrap_or_default();
                Self {
                    id,
                    severity: severity.unwrap_or(rule.severity),
                    enabled,
                    parameters: rule.parameters.values(&policy.rules),
                }
            })
            .collect();
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        rows
    }
}
