//! What an organization's configuration says of rules: `[rules.<id>]`, and ids wherever it names one.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::list::{find, rules};
use crate::estate::glob::ArnGlob;
use crate::finding::RuleId;
use crate::settings::{Exemption, RuleTable};
use crate::subject::rule::Rule;

/// A rule that a configuration names; an id that no rule has is an error where it stands.
#[derive(Clone, Copy, Debug)]
pub struct KnownRule(pub &'static Rule);

impl PartialEq for KnownRule {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for KnownRule {}

impl PartialOrd for KnownRule {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for KnownRule {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.id.cmp(other.0.id)
    }
}

impl<'de> Deserialize<'de> for KnownRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        find(&id).map(Self).ok_or_else(|| {
            let known: Vec<_> = rules().map(|rule| format!("`{}`", rule.id)).collect();
            D::Error::custom(format!(
                "unknown rule `{id}`, expected one of {}",
                known.join(", ")
            ))
        })
    }
}

impl JsonSchema for KnownRule {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RuleId".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        RuleId::json_schema(generator)
    }
}

/// Reads a table that is keyed by rules.
pub fn by_known_rule<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<RuleId, T>, D::Error> {
    let table = BTreeMap::<KnownRule, T>::deserialize(deserializer)?;
    let keyed = table.into_iter();
    Ok(keyed
        .map(|(KnownRule(rule), value)| (RuleId::from(rule.id), value))
        .collect())
}

/// `[rules.<id>]`: what is changed of single rules.
#[derive(Clone, Debug, Default)]
pub struct ConfiguredRules(pub RuleTable);

/// `[[exemption]]`: a finding accepted by a named owner, with a reason, until a day.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Exemption")]
pub struct ConfiguredExemption {
    /// The rule whose finding is accepted.
    rule: KnownRule,
    /// The resources.
    resource: ArnGlob,
    /// Who answers for it.
    #[serde(deserialize_with = "text")]
    owner: String,
    /// Why.
    #[serde(deserialize_with = "text")]
    reason: String,
    /// The last day it holds, in UTC.
    #[schemars(with = "String")]
    expires: Date,
}

fn text<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let text = String::deserialize(input)?;
    if text.trim().is_empty() {
        return Err(D::Error::custom("must say something"));
    }
    Ok(text)
}

impl From<&ConfiguredExemption> for Exemption {
    fn from(configured: &ConfiguredExemption) -> Self {
        Self {
            rule: RuleId::from(configured.rule.0.id),
            resource: configured.resource.clone(),
            owner: configured.owner.clone(),
            reason: configured.reason.clone(),
            expires: configured.expires,
        }
    }
}

impl<'de> Deserialize<'de> for ConfiguredRules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = ConfiguredRules;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of rules by id")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ConfiguredRules, A::Error> {
                let mut table = RuleTable::default();
                while let Some(KnownRule(rule)) = map.next_key()? {
                    let id = RuleId::from(rule.id);
                    rule.parameters.read(id, &mut table, &mut map)?;
                }
                Ok(ConfiguredRules(table))
            }
        }
        deserializer.deserialize_map(Table)
    }
}

impl JsonSchema for ConfiguredRules {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RuleTable".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let properties: serde_json::Map<_, _> = rules()
            .map(|rule| {
                (
                    rule.id.to_owned(),
                    rule.parameters.schema(generator).to_value(),
                )
            })
            .collect();
        json_schema!({
            "type": "object",
            "description": "What is changed of single rules, by id.",
            "properties": properties,
            "additionalProperties": false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn a_rule_takes_its_own_parameters_and_keeps_the_others_defaults() {
        let ConfiguredRules(table) = toml::from_str(
            "[application-idle-timeout-long]\nminutes = 5\nseverity = 'high'\n\
             [spline-disabled]\nenabled = false",
        )
        .unwrap();
        assert_eq!(table.idle_timeout_long.minutes, 5);
        assert_eq!(table.initial_capacity_idle.minutes, 60);
        let of = |id: &str| table.settings[&RuleId::from(id)];
        assert_eq!(
            of("application-idle-timeout-long").severity,
            Some(Severity::High)
        );
        assert!(!of("spline-disabled").enabled);
    }

    #[test]
    fn a_parameter_of_another_rule_is_refused_where_it_stands() {
        for (text, expected) in [
            ("[spline-disabled]\nminutes = 5", "unknown field `minutes`"),
            (
                "[application-idle-timeout-long]\nhours = 5",
                "unknown field `hours`",
            ),
            (
                "[no-such-rule]\nenabled = true",
                "unknown rule `no-such-rule`",
            ),
        ] {
            let error = toml::from_str::<ConfiguredRules>(text).unwrap_err();
            assert!(error.message().contains(expected), "{error}");
        }
    }

    #[test]
    fn every_parameter_belongs_to_a_rule_that_exists() {
        let mut generator = SchemaGenerator::default();
        let schema = ConfiguredRules::json_schema(&mut generator).to_value();
        let parametrised = schema["properties"].as_object().unwrap().values();
        let own = parametrised
            .filter(|schema| !schema["$ref"].as_str().unwrap().ends_with("RuleSettings"));
        assert_eq!(own.count(), 10);
    }
}
