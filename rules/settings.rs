//! What is allowed: teams, agents, releases, severities, exemptions.
//!
//! `settings.toml` beside this file holds the defaults, `lineward.toml` adds an organization's own.

mod context;
mod exemption;
mod layout;
mod own_agent;
mod parameters;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::estate::Arn;
use crate::estate::glob::{ArnGlob, Glob};
use crate::finding::Severity;
use crate::spark::agent::{AgentKind, AgentPattern, Bundles};
use crate::spark::release::Releases;

pub use context::Context;
pub use exemption::Exemption;
pub use layout::Layout;
pub use own_agent::{AgentArtifact, OwnAgent, PlaceError, is_coordinate};
pub use parameters::{
    AgentOutdated, ArtifactUnpinned, ArtifactUnversioned, CapacityUnbounded, DispatcherUnapproved,
    IdleTimeoutLong, InitialCapacityIdle, LogPluginMissing, OwnerMissing, Parameters, RuleTable,
    TimeoutUnbounded,
};

/// What is allowed.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The tag key that names a resource's team, compared without regard to case.
    pub team_tag: String,
    /// The teams that exist; empty where no register is kept.
    pub teams: BTreeSet<String>,
    /// Teams whose resources serve all others: what they share is not a crossing.
    pub shared_teams: BTreeSet<String>,
    /// Which roles are judged.
    pub role_scope: RoleScope,
    /// Whether rights to re-tag, to rewrite policies and to rewrite trust count as steps of a path.
    pub tampering: bool,
    /// What one team may have of another.
    pub sharing: Vec<Sharing>,
    /// The EMR releases and what Spark each runs.
    pub releases: Releases,
    /// How a Spline agent is recognised by the name of its artifact; the first match counts.
    pub agents: Vec<AgentPattern>,
    /// The public Spline bundles that exist.
    pub bundles: Bundles,
    /// The agent that Spark jobs must report their lineage by.
    pub require: Requirement,
    /// The agent that the organization uses, which remedies put in.
    pub own_agent: OwnAgent,
    /// Custom images that are approved.
    pub images: Vec<ApprovedImage>,
    /// What an organization changed of single rules, and their parameters.
    pub rules: RuleTable,
    /// Findings that somebody accepted.
    pub exemptions: Vec<Exemption>,
    /// Whether a tag on a resource may accept findings on it, too.
    pub exemption_tags: bool,
}

/// The defaults as `settings.toml` writes them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaults {
    team_tag: String,
    agent: Vec<AgentPattern>,
}

impl Default for Policy {
    /// What `settings.toml` and the data beside it say.
    fn default() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the text is compiled in, and a test reads it"
        )]
        let defaults: Defaults = toml::from_str(include_str!("settings/settings.toml"))
            .expect("`settings.toml` is well-formed");
        Self {
            team_tag: defaults.team_tag,
            teams: BTreeSet::new(),
            shared_teams: BTreeSet::new(),
            role_scope: RoleScope::default(),
            tampering: false,
            sharing: Vec::new(),
            releases: Releases::default(),
            agents: defaults
                .agent
                .into_iter()
                .map(AgentPattern::built_in)
                .collect(),
            bundles: Bundles::default(),
            require: Requirement::default(),
            own_agent: OwnAgent::default(),
            images: Vec::new(),
            rules: RuleTable::default(),
            exemptions: Vec::new(),
            exemption_tags: false,
        }
    }
}

impl Policy {
    /// The team that these tags name, if any.
    pub fn team<'a>(&self, tags: &'a BTreeMap<String, String>) -> Option<&'a str> {
        let exact = tags.get(&self.team_tag);
        let any_case = || {
            tags.iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(&self.team_tag))
        };
        exact
            .or_else(|| any_case().map(|(_, value)| value))
            .map(String::as_str)
    }

    /// Whether a team exists, as far as a register is kept.
    pub fn knows_team(&self, team: &str) -> bool {
        self.teams.is_empty() || self.teams.contains(team) || self.shared_teams.contains(team)
    }

    /// Whether a team serves all others: it is trusted to do to theirs what it does to its own.
    pub fn is_shared(&self, team: Option<&str>) -> bool {
        team.is_some_and(|team| self.shared_teams.contains(team))
    }

    /// The team that exists and differs from this one in case or in blanks around it only.
    pub fn near_team(&self, team: &str) -> Option<&str> {
        let mut known = self.teams.iter().chain(&self.shared_teams);
        let near = known.find(|known| known.eq_ignore_ascii_case(team.trim()));
        near.map(String::as_str)
    }

    /// Whether something of one team may not reach a role of another: both are told, they differ, neither
    /// serves all, and nobody has agreed to it.
    pub fn crosses(
        &self,
        from: Option<&str>,
        to: Option<&str>,
        role: &Arn,
        now: Timestamp,
    ) -> bool {
        let (Some(from), Some(to)) = (from, to) else {
            return false;
        };
        let shared = |team: &str| self.shared_teams.contains(team);
        let today = now.to_zoned(TimeZone::UTC).date();
        let agreed = |it: &Sharing| {
            it.from == from && it.to == to && it.resource.matches(role) && today <= it.expires
        };
        from != to && !shared(from) && !shared(to) && !self.sharing.iter().any(agreed)
    }

    /// The entry of the approved images that covers this one.
    pub fn approved_image(&self, uri: &str) -> Option<&ApprovedImage> {
        self.images.iter().find(|image| image.uri.matches(uri))
    }

    /// How bad the fault of the rule of this id is here, or nothing where the rule is switched off.
    pub fn severity(&self, rule: &str, default: Severity) -> Option<Severity> {
        let Some((_, settings)) = self
            .rules
            .settings
            .iter()
            .find(|(id, _)| id.as_str() == rule)
        else {
            return Some(default);
        };
        settings
            .enabled
            .then_some(settings.severity.unwrap_or(default))
    }
}

/// `[rules.<id>]`: what an organization changes of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSettings {
    /// Another severity.
    pub severity: Option<Severity>,
    /// Whether the rule is asked at all.
    pub enabled: bool,
}

impl Default for RuleSettings {
    fn default() -> Self {
        Self {
            severity: None,
            enabled: true,
        }
    }
}

/// `[lineage] require`: the agent that Spark jobs must report their lineage by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Requirement {
    /// Spline.
    #[default]
    Spline,
    /// `OpenLineage`.
    OpenLineage,
    /// `DataHub`.
    DataHub,
    /// Whichever is there.
    Any,
}

impl Requirement {
    /// The one agent that is required, if not any will do.
    pub fn kind(self) -> Option<AgentKind> {
        match self {
            Self::Spline => Some(AgentKind::Spline),
            Self::OpenLineage => Some(AgentKind::OpenLineage),
            Self::DataHub => Some(AgentKind::DataHub),
            Self::Any => None,
        }
    }
}

/// `[teams] scope`: which roles are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoleScope {
    /// Those that carry a team's tag, that EMR Serverless may assume or that job runs used, and those that
    /// can pass or assume one of them.
    #[default]
    Boundary,
    /// All, but those of AWS services and of IAM Identity Center.
    All,
}

/// `[[sharing]]`: what one team may have of another, agreed by a named owner until a day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sharing {
    /// The team that may come in.
    pub from: String,
    /// The team whose roles it may have.
    pub to: String,
    /// Which roles.
    pub resource: ArnGlob,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day it holds, in UTC.
    #[schemars(with = "String")]
    pub expires: Date,
}

/// `[[image]]`: a custom image that is approved.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovedImage {
    /// Its URI, in which `*` and `?` are wildcards.
    pub uri: Glob,
    /// The artifacts that lie on Spark's class path in it, by JAR name or Maven coordinate. An empty
    /// list says that there are none; without a list, what it holds can't be told.
    #[serde(default)]
    pub holds: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_well_formed() {
        assert_eq!(Policy::default().team_tag, "Team");
    }

    #[test]
    fn the_exact_tag_key_wins_over_another_case() {
        let policy = Policy::default();
        let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs
                .iter()
                .map(|&(key, value)| (key.into(), value.into()))
                .collect()
        };
        assert_eq!(
            policy.team(&tags(&[("TEAM", "ads"), ("Team", "ml")])),
            Some("ml")
        );
        assert_eq!(policy.team(&tags(&[("team", "ads")])), Some("ads"));
        assert_eq!(policy.team(&tags(&[("Owner", "ads")])), None);
    }
}
