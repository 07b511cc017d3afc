//! What can be set of single rules: `[rules.<id>]`.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Layout, RuleSettings};
use crate::finding::Severity;
use crate::glob::Glob;
use crate::rule::{Rule, RuleId};

/// Declares the settings of the rules that have parameters of their own: `severity` and `enabled`, as
/// every rule has them, and the parameters with their defaults.
macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])+
        $id:literal $rule:ident: $name:ident {
            $($(#[$meta:meta])+ $field:ident: $type:ty = $default:expr,)+
        }
    )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Debug, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields, default)]
            pub struct $name {
                /// Another severity.
                pub severity: Option<Severity>,
                /// Whether the rule is asked at all.
                pub enabled: bool,
                $($(#[$meta])+ pub $field: $type,)+
            }

            impl Default for $name {
                fn default() -> Self {
                    Self { severity: None, enabled: true, $($field: $default,)+ }
                }
            }
        )+

        /// What an organization changed of single rules, and every parameter.
        #[derive(Clone, Debug, Default)]
        pub struct RuleTable {
            /// Severity and switch, of those rules that are named.
            pub settings: BTreeMap<RuleId, RuleSettings>,
            $($(#[doc = $doc])+ pub $rule: $name,)+
        }

        impl RuleTable {
            fn read<'de, A: MapAccess<'de>>(&mut self, id: RuleId, map: &mut A) -> Result<(), A::Error> {
                let settings = match id.as_str() {
                    $($id => {
                        self.$rule = map.next_value()?;
                        RuleSettings { severity: self.$rule.severity, enabled: self.$rule.enabled }
                    })+
                    _ => map.next_value()?,
                };
                self.settings.insert(id, settings);
                Ok(())
            }
        }

        fn schema_of(rule: &Rule, generator: &mut SchemaGenerator) -> Schema {
            match rule.id {
                $($id => generator.subschema_for::<$name>(),)+
                _ => generator.subschema_for::<RuleSettings>(),
            }
        }
    };
}

settings! {
    /// `[rules.spline-agent-outdated]`
    "spline-agent-outdated" agent_outdated: AgentOutdated {
        /// The oldest version of the public agent that is allowed.
        minimum: Option<String> = None,
    }

    /// `[rules.spline-dispatcher-unapproved]`
    "spline-dispatcher-unapproved" dispatcher_unapproved: DispatcherUnapproved {
        /// The names of dispatchers that lineage may leave by.
        dispatchers: Vec<String> =
            ["http", "kafka", "httpOpenLineage", "hdfs"].map(String::from).to_vec(),
        /// The classes of an organization's own dispatchers.
        classes: Vec<Glob> = Vec::new(),
        /// Where lineage may go: URLs and Kafka brokers. Without any, everywhere.
        destinations: Vec<Glob> = Vec::new(),
    }

    /// `[rules.application-log-plugin-missing]`
    "application-log-plugin-missing" log_plugin_missing: LogPluginMissing {
        /// The class that `spark.plugins` must list. Without it, no plugin is asked for.
        plugin: Option<String> = None,
        /// Keys that must be set for the plugin to work, such as its Vault role.
        keys: Vec<String> = Vec::new(),
    }

    /// `[rules.application-capacity-unbounded]`
    "application-capacity-unbounded" capacity_unbounded: CapacityUnbounded {
        /// The most vCPU that an application's ceiling may be.
        vcpu: Option<f64> = None,
        /// The most memory that an application's ceiling may be, in GB.
        memory_gb: Option<f64> = None,
        /// The most disk that an application's ceiling may be, in GB.
        disk_gb: Option<f64> = None,
    }

    /// `[rules.application-idle-timeout-long]`
    "application-idle-timeout-long" idle_timeout_long: IdleTimeoutLong {
        /// The most idle minutes.
        minutes: i32 = 60,
    }

    /// `[rules.application-initial-capacity-idle]`
    "application-initial-capacity-idle" initial_capacity_idle: InitialCapacityIdle {
        /// For how many minutes after its last change an application may wait for its first job.
        minutes: i64 = 60,
    }

    /// `[rules.job-run-timeout-unbounded]`
    "job-run-timeout-unbounded" timeout_unbounded: TimeoutUnbounded {
        /// The most minutes that a batch job's timeout may be.
        minutes: Option<i64> = None,
    }

    /// `[rules.job-run-artifact-unversioned]`
    "job-run-artifact-unversioned" artifact_unversioned: ArtifactUnversioned {
        /// How a path tells the version of what it holds: regular expressions with a group `version`.
        layouts: Vec<Layout> = Layout::defaults(),
        /// Whether the job's own `--jars` are judged as its entry point is.
        jars: bool = false,
    }

    /// `[rules.job-run-artifact-unpinned]`
    "job-run-artifact-unpinned" artifact_unpinned: ArtifactUnpinned {
        /// The tag key that marks a job run or an application as one that must pin.
        tag: String = "production".into(),
        /// The values of that tag that mark it. Without any, all but `false`, `no` and `0`.
        values: Vec<Glob> = Vec::new(),
    }

    /// `[rules.job-run-owner-missing]`
    "job-run-owner-missing" owner_missing: OwnerMissing {
        /// The tag key that names who answers for a job. Without it, that of `[teams] tag`.
        tag: Option<String> = None,
    }
}

impl<'de> Deserialize<'de> for RuleTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = RuleTable;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of rules by id")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RuleTable, A::Error> {
                let mut table = RuleTable::default();
                while let Some(id) = map.next_key()? {
                    table.read(id, &mut map)?;
                }
                Ok(table)
            }
        }
        deserializer.deserialize_map(Table)
    }
}

impl JsonSchema for RuleTable {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RuleTable".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let properties: serde_json::Map<_, _> = crate::rule::rules()
            .map(|rule| (rule.id.to_owned(), schema_of(rule, generator).to_value()))
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

    #[test]
    fn a_rule_takes_its_own_parameters_and_keeps_the_others_defaults() {
        let table: RuleTable = toml::from_str(
            "[application-idle-timeout-long]\nminutes = 5\nseverity = 'high'\n\
             [spline-disabled]\nenabled = false",
        )
        .unwrap();
        assert_eq!(table.idle_timeout_long.minutes, 5);
        assert_eq!(table.initial_capacity_idle.minutes, 60);
        let of = |id: &str| table.settings[&RuleId::known(id).unwrap()];
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
            let error = toml::from_str::<RuleTable>(text).unwrap_err();
            assert!(error.message().contains(expected), "{error}");
        }
    }

    #[test]
    fn every_parameter_belongs_to_a_rule_that_exists() {
        let mut generator = SchemaGenerator::default();
        let schema = RuleTable::json_schema(&mut generator).to_value();
        let parametrised = schema["properties"].as_object().unwrap().values();
        let own = parametrised
            .filter(|schema| !schema["$ref"].as_str().unwrap().ends_with("RuleSettings"));
        assert_eq!(own.count(), 10);
    }
}
