//! What a rule on lineage asks of a configuration.

use super::Setup;
use crate::finding::Fault;
use crate::settings::Context;
use crate::spark::agent::AgentKind;
use crate::spark::{EXTRA_LISTENERS_KEY, JARS_KEY, JAVA_OPTIONS_KEYS, LISTENERS_KEY, PACKAGES_KEY};

/// What a rule on lineage asks of a configuration, be it an application's, a job run's or a session's.
#[derive(Debug)]
pub struct LineageCheck {
    /// The id of the rule.
    pub rule: &'static str,
    /// By which faults lineage is lost, or can't be told to be reported.
    pub check: for<'a> fn(&Setup<'a>, &Context<'_>) -> Vec<Fault>,
    /// By which properties it judges.
    pub judges_by: JudgedKeys,
    /// What it is about.
    pub concerns: Concerns,
    /// Whether what it fails for costs lineage, or only breaks what an organization asks for beside it.
    pub costs_lineage: for<'a> fn(&Setup<'a>, &Context<'_>) -> bool,
}

/// What a rule on lineage is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concerns {
    /// Whether lineage is reported.
    Lineage,
    /// Whether keys of an agent do nothing, which is mended with what costs lineage.
    Keys,
    /// Whether an organization approves of how it is reported: that this can't be told costs no lineage.
    Approval,
}

/// By which Spark properties a rule on lineage judges: what a job changes of them may be to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JudgedKeys {
    /// The lists that name agents.
    Agents,
    /// The lists that name listeners.
    Listeners,
    /// Spline's mode.
    Mode,
    /// Spline's dispatchers.
    Dispatchers,
    /// The agents' own keys.
    OwnKeys,
}

impl JudgedKeys {
    /// Whether this property is one of them.
    pub(super) fn includes(self, key: &str) -> bool {
        let is_option = JAVA_OPTIONS_KEYS.contains(&key);
        match self {
            Self::Agents => [JARS_KEY, PACKAGES_KEY].contains(&key),
            Self::Listeners => [LISTENERS_KEY, EXTRA_LISTENERS_KEY].contains(&key),
            Self::Mode => is_option || is_own_key(key) && key.ends_with(".spline.mode"),
            Self::Dispatchers => {
                let is_dispatchers = key.contains(".spline.lineageDispatcher")
                    || key.ends_with(".spline.producer.url");
                is_option || is_own_key(key) && is_dispatchers
            }
            Self::OwnKeys => is_own_key(key),
        }
    }
}

/// Whether a property is an agent's own.
pub(super) fn is_own_key(key: &str) -> bool {
    let mut prefixes = AgentKind::ALL.into_iter().flat_map(AgentKind::own_keys);
    prefixes.any(|prefix| key.starts_with(prefix))
}
