//! Patterns that read an agent's release, Spark, Scala and version out of its name.

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::artifact::Agent;
use super::kind::AgentKind;
use crate::estate::glob::Glob;

/// `[[agent]]`: a way of naming agents.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, try_from = "Scheme")]
#[schemars(with = "Scheme")]
pub struct AgentPattern {
    scheme: Scheme,
    /// Whether it is one of Lineward's own, which read only names that hint at an agent.
    is_built_in: bool,
}

/// `[[agent]]` as it is written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Scheme {
    /// What the scheme is called.
    name: String,
    /// Which agent it names: `spline` by default.
    #[serde(default)]
    agent: AgentKind,
    /// A regular expression with the named groups `release`, `spark`, `scala`, `version`, matched
    /// against a JAR's file name or a Maven coordinate.
    pattern: Pattern,
    /// The labels of the releases that such an agent is good for (`emr-7.*`), where its name doesn't
    /// tell.
    #[serde(default)]
    releases: Vec<Glob>,
    /// The label of the first release that has such an agent, where EMR ships it itself (`emr-7.5.0`).
    #[serde(default)]
    since: Option<String>,
}

impl TryFrom<Scheme> for AgentPattern {
    type Error = String;

    fn try_from(scheme: Scheme) -> Result<Self, Self::Error> {
        let told = ["release", "spark"].map(|group| scheme.pattern.has(group));
        let is_bound = !scheme.releases.is_empty() || scheme.since.is_some();
        if told == [false, false] && scheme.agent == AgentKind::Spline && !is_bound {
            return Err(format!(
                "the agent pattern `{}` must have a group `release` or a group `spark`, or a list \
                 `releases`",
                scheme.name
            ));
        }
        Ok(Self {
            scheme,
            is_built_in: false,
        })
    }
}

impl AgentPattern {
    /// The agent that an artifact of this name is, if the pattern reads it. One of Lineward's own is not asked of
    /// a name that hints at no agent.
    pub(super) fn read<'a>(
        &'a self,
        artifact: &'a str,
        name: &'a str,
        is_hinted: bool,
    ) -> Option<Agent<'a>> {
        let is_asked = is_hinted || !self.is_built_in;
        is_asked.then(|| self.scheme.read(artifact, name))?
    }

    /// The same as one of Lineward's own: it need not be tried on a name that hints at no agent.
    pub(crate) fn built_in(self) -> Self {
        Self {
            is_built_in: true,
            ..self
        }
    }
}

/// A regular expression with the groups that an agent's name may tell.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
struct Pattern(#[schemars(with = "String")] Regex);

impl Pattern {
    fn has(&self, group: &str) -> bool {
        self.0.capture_names().flatten().any(|name| name == group)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        const GROUPS: [&str; 4] = ["release", "spark", "scala", "version"];
        let text = String::deserialize(deserializer)?;
        let regex = Regex::new(&text).map_err(D::Error::custom)?;
        let mut groups = regex.capture_names().flatten();
        if let Some(other) = groups.find(|group| !GROUPS.contains(group)) {
            return Err(D::Error::custom(format!(
                "unknown group `{other}` in an agent pattern, expected one of `release`, `spark`, \
                 `scala`, `version`"
            )));
        }
        Ok(Self(regex))
    }
}

impl Scheme {
    fn read<'a>(&'a self, artifact: &'a str, name: &'a str) -> Option<Agent<'a>> {
        let found = self.pattern.0.captures(name)?;
        let group = |group| found.name(group).map(|text| text.as_str());
        Some(Agent {
            kind: self.agent,
            artifact,
            release: group("release"),
            spark: group("spark"),
            scala: group("scala"),
            version: group("version"),
            releases: &self.releases,
            since: self.since.as_deref(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;
    use crate::spark::agent::Agents;

    #[test]
    fn a_pattern_must_tell_something_that_can_be_matched() {
        let parse = |pattern: &str| {
            toml::from_str::<AgentPattern>(&format!("name = 'x'\npattern = '{pattern}'"))
        };
        assert!(parse("^lineage-(?<release>.+)\\.jar$").is_ok());
        assert!(parse("^lineage-(?<version>.+)\\.jar$").is_err());
        assert!(
            parse("^lineage-(?<edition>.+)\\.jar$")
                .unwrap_err()
                .to_string()
                .contains("`edition`")
        );
        assert!(parse("(").is_err());
        let good_for = "name = 'x'\npattern = '^lineage\\.jar$'\nreleases = ['emr-7.*']";
        assert!(toml::from_str::<AgentPattern>(good_for).is_ok());
    }

    #[test]
    fn a_pattern_of_the_organizations_own_is_tried_on_every_name() {
        let text = "name = 'x'\npattern = '^(?:spline|lineage-agent)-(?<release>\\d+\\.\\d+\\.\\d+)\\.jar$'";
        let own: AgentPattern = toml::from_str(text).unwrap();
        let agents = |patterns: &[AgentPattern]| {
            let agents = Agents::find(["s3://b/lineage-agent-7.1.0.jar"], patterns);
            agents.recognised.len()
        };
        assert_eq!(agents(std::slice::from_ref(&own)), 1);
        assert_eq!(agents(&[own.built_in()]), 0);
        for built_in in Policy::default().agents {
            assert!(built_in.is_built_in, "{}", built_in.scheme.name);
        }
    }
}
