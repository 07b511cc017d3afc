//! The parameters of rules: what `[rules.<id>]` may set beside severity and switch.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::MapAccess;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::estate::glob::Glob;
use crate::finding::RuleId;
use crate::finding::Severity;
use crate::settings::{Layout, RuleSettings};

/// Declares the settings of the rules that have parameters of their own: `severity` and `enabled`, as
/// every rule has them, and the parameters with their defaults. Which rule has which is for the rule to say.
macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])+
        $rule:ident: $name:ident {
            $($(#[$meta:meta])+ $field:ident: $type:ty = $default:expr,)+
        }
    )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
            #[serde(deny_unknown_fields, default)]
            pub struct $name {
                /// Another severity.
                #[serde(skip_serializing)]
                pub severity: Option<Severity>,
                /// Whether the rule is asked at all.
                #[serde(skip_serializing)]
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

        /// The parameters that a rule has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Parameters {
            /// None but those that every rule has.
            None,
            $($(#[doc = $doc])+ $name,)+
        }

        impl Parameters {
            /// Reads the table of the rule of this id, which has these parameters.
            pub fn read<'de, A: MapAccess<'de>>(
                self,
                id: RuleId,
                table: &mut RuleTable,
                map: &mut A,
            ) -> Result<(), A::Error> {
                let settings = match self {
                    $(Self::$name => {
                        table.$rule = map.next_value()?;
                        let set = &table.$rule;
                        RuleSettings { severity: set.severity, enabled: set.enabled }
                    })+
                    Self::None => map.next_value()?,
                };
                table.settings.insert(id, settings);
                Ok(())
            }

            /// The parameters as they are set, by name.
            pub fn values(self, table: &RuleTable) -> BTreeMap<String, Value> {
                let values = match self {
                    $(Self::$name => serde_json::to_value(&table.$rule),)+
                    Self::None => return BTreeMap::new(),
                };
                match values {
                    Ok(Value::Object(values)) => values.into_iter().collect(),
                    // Numbers, lists and texts are all that there is.
                    Ok(_) | Err(_) => BTreeMap::new(),
                }
            }

            /// What such a table may hold.
            pub fn schema(self, generator: &mut SchemaGenerator) -> Schema {
                match self {
                    $(Self::$name => generator.subschema_for::<$name>(),)+
                    Self::None => generator.subschema_for::<RuleSettings>(),
                }
            }
        }
    };
}

settings! {
    /// `[rules.spline-agent-outdated]`
    agent_outdated: AgentOutdated {
        /// The oldest version of the public agent that is allowed.
        minimum: Option<String> = None,
    }

    /// `[rules.spline-dispatcher-unapproved]`
    dispatcher_unapproved: DispatcherUnapproved {
        /// The names of dispatchers that lineage may leave by.
        dispatchers: Vec<String> =
            ["http", "kafka", "httpOpenLineage", "hdfs"].map(String::from).to_vec(),
        /// The classes of an organization's own dispatchers.
        classes: Vec<Glob> = Vec::new(),
        /// Where lineage may go: URLs and Kafka brokers. Without any, everywhere.
        destinations: Vec<Glob> = Vec::new(),
    }

    /// `[rules.application-log-plugin-missing]`
    log_plugin_missing: LogPluginMissing {
        /// The class that `spark.plugins` must list. Without it, no plugin is asked for.
        plugin: Option<String> = None,
        /// Keys that must be set for the plugin to work, such as its Vault role.
        keys: Vec<String> = Vec::new(),
    }

    /// `[rules.application-capacity-unbounded]`
    capacity_unbounded: CapacityUnbounded {
        /// The most vCPU that an application's ceiling may be.
        vcpu: Option<f64> = None,
        /// The most memory that an application's ceiling may be, in GB.
        memory_gb: Option<f64> = None,
        /// The most disk that an application's ceiling may be, in GB.
        disk_gb: Option<f64> = None,
    }

    /// `[rules.application-idle-timeout-long]`
    idle_timeout_long: IdleTimeoutLong {
        /// The most idle minutes.
        minutes: i32 = 60,
    }

    /// `[rules.application-initial-capacity-idle]`
    initial_capacity_idle: InitialCapacityIdle {
        /// For how many minutes after its last change an application may wait for its first job.
        minutes: i64 = 60,
    }

    /// `[rules.job-run-timeout-unbounded]`
    timeout_unbounded: TimeoutUnbounded {
        /// The most minutes that a batch job's timeout may be.
        minutes: Option<i64> = None,
    }

    /// `[rules.job-run-artifact-unversioned]`
    artifact_unversioned: ArtifactUnversioned {
        /// How a path tells the version of what it holds: regular expressions with a group `version`.
        layouts: Vec<Layout> = Layout::defaults(),
        /// Whether the job's own `--jars` are judged as its entry point is.
        jars: bool = false,
    }

    /// `[rules.job-run-artifact-unpinned]`
    artifact_unpinned: ArtifactUnpinned {
        /// The tag key that marks a job run or an application as one that must pin.
        tag: String = "production".into(),
        /// The values of that tag that mark it. Without any, all but `false`, `no` and `0`.
        values: Vec<Glob> = Vec::new(),
    }

    /// `[rules.job-run-owner-missing]`
    owner_missing: OwnerMissing {
        /// The tag key that names who answers for a job. Without it, that of `[teams] tag`.
        tag: Option<String> = None,
    }
}
