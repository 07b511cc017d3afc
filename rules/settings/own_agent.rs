//! `[lineage] agent_jar` and `set`: the organization's own agent, which remedies put in.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::spark::release::Release;

/// The agent that the organization uses, and what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnAgent {
    /// Where it lies.
    pub artifact: Option<AgentArtifact>,
    /// The properties of `spark-defaults` that it needs.
    pub set: BTreeMap<String, String>,
}

/// `[lineage] agent_jar`: a path or a Maven coordinate with places for the `{release}`, `{spark}`, `{scala}` and
/// `{version}` that an application needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct AgentArtifact(String);

/// Why a text is not an agent's path or coordinate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{{{0}}}` is not a place that `agent_jar` may have, expected {{release}}, {{spark}}, {{scala}} or {{version}}"
)]
pub struct PlaceError(String);

const PLACES: [&str; 4] = ["release", "spark", "scala", "version"];

impl AgentArtifact {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// A place that isn't known.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        for after in text.split('{').skip(1) {
            match after.split_once('}') {
                Some((name, _)) if PLACES.contains(&name) => {}
                Some((name, _)) => return Err(PlaceError(name.into())),
                None => return Err(PlaceError(after.into())),
            }
        }
        Ok(Self(text.into()))
    }

    /// The artifact for a release, where all that it has places for is known. `version` is the agent's.
    pub fn of(
        &self,
        label: &str,
        release: Option<&Release>,
        version: Option<&str>,
    ) -> Option<String> {
        let spark = release.map(Release::spark_minor);
        let scala = release.map(|release| release.scala.as_str());
        let mut text = self.0.clone();
        for (name, value) in PLACES
            .into_iter()
            .zip([numbered(label), spark, scala, version])
        {
            let place = format!("{{{name}}}");
            if text.contains(&place) {
                text = text.replace(&place, value?);
            }
        }
        Some(text)
    }

    /// Whether it is a Maven coordinate, and not a path.
    pub fn is_coordinate(&self) -> bool {
        is_coordinate(&self.0)
    }
}

/// Whether an artifact is a Maven coordinate, and not a path.
pub fn is_coordinate(artifact: &str) -> bool {
    !artifact.contains('/') && artifact.matches(':').count() == 2
}

/// The numbers of a release's label: `7.1.0` of `emr-7.1.0`, `8.1.0` of `emr-spark-8.1.0`.
fn numbered(label: &str) -> Option<&str> {
    let numbers = label.strip_prefix("emr-")?;
    Some(numbers.strip_prefix("spark-").unwrap_or(numbers))
}

impl<'de> Deserialize<'de> for AgentArtifact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Policy;

    fn of(text: &str, label: &str, version: Option<&str>) -> Option<String> {
        let policy = Policy::default();
        let artifact = AgentArtifact::parse(text).unwrap();
        artifact.of(label, policy.releases.find(label), version)
    }

    #[test]
    fn places_are_filled_by_what_the_release_runs() {
        let jar = "s3://lineage/spline-{release}.jar";
        assert_eq!(
            of(jar, "emr-7.1.0", None).unwrap(),
            "s3://lineage/spline-7.1.0.jar"
        );
        let coordinate = "com.x:agent-{spark}_{scala}:{version}";
        assert_eq!(
            of(coordinate, "emr-7.1.0", Some("2.2.3")).unwrap(),
            "com.x:agent-3.5_2.12:2.2.3"
        );
        assert_eq!(of(coordinate, "emr-7.1.0", None), None);
        assert_eq!(of(coordinate, "emr-99.0.0", Some("1")), None);
        assert_eq!(
            of("s3://b/agent.jar", "what", None).unwrap(),
            "s3://b/agent.jar"
        );
    }

    #[test]
    fn a_coordinate_is_told_from_a_path() {
        let is_coordinate = |text| AgentArtifact::parse(text).unwrap().is_coordinate();
        assert!(is_coordinate("com.x:agent_{scala}:1"));
        assert!(!is_coordinate("s3://b/agent-{release}.jar"));
        assert!(!is_coordinate("local:///opt/agent.jar"));
    }

    #[test]
    fn an_unknown_place_is_named() {
        let error = AgentArtifact::parse("s3://b/{emr}.jar").unwrap_err();
        assert!(
            error.to_string().starts_with("`{emr}` is not a place"),
            "{error}"
        );
        assert!(AgentArtifact::parse("s3://b/{release").is_err());
    }
}
