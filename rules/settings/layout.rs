//! How a path tells the version of what it holds.

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A regular expression with a group `version`, matched against a path or URL.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(transparent)]
pub struct Layout(#[schemars(with = "String")] Regex);

impl Layout {
    /// `<job>/<major>[.<minor>[.<patch>]]/app.jar`, and `app-<major>.<minor>[.<patch>].jar`.
    pub fn defaults() -> Vec<Self> {
        [
            r"/v?(?<version>\d+(?:\.\d+){0,2})/[^/]+$",
            r"/[^/]+[-_]v?(?<version>\d+(?:\.\d+){1,2})(?:[-_+.][^/]*)?\.[A-Za-z]+$",
        ]
        .into_iter()
        .filter_map(|pattern| Regex::new(pattern).ok().map(Self))
        .collect()
    }

    /// The version that this path tells.
    pub fn version<'a>(&self, path: &'a str) -> Option<&'a str> {
        let found = self.0.captures(path)?;
        found.name("version").map(|version| version.as_str())
    }
}

impl<'de> Deserialize<'de> for Layout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let regex = Regex::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        if !regex
            .capture_names()
            .flatten()
            .any(|name| name == "version")
        {
            return Err(D::Error::custom("a layout must have a group `version`"));
        }
        Ok(Self(regex))
    }
}

impl Serialize for Layout {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_layouts_tell_their_version() {
        let layouts = Layout::defaults();
        for (path, expected) in [
            ("s3://b/job/1/app.jar", Some("1")),
            ("s3://b/job/1.4/app.jar", Some("1.4")),
            ("s3://b/job/1.4.2/app.jar", Some("1.4.2")),
            ("s3://b/job/v1.4.2/main.py", Some("1.4.2")),
            ("s3://b/job/app-1.4.2.jar", Some("1.4.2")),
            ("s3://b/job/app_2.12-1.4.2-all.jar", Some("1.4.2")),
            ("s3://b/job/latest/app.jar", None),
            ("s3://b/job/app.jar", None),
            ("s3://b/2026-11-23/app.jar", None),
        ] {
            let mut versions = layouts.iter().filter_map(|layout| layout.version(path));
            assert_eq!(versions.next(), expected, "{path}");
        }
    }

    #[test]
    fn a_layout_needs_a_version() {
        assert!(serde_json::from_str::<Layout>("\"/(?<version>x)/\"").is_ok());
        assert!(serde_json::from_str::<Layout>("\"/x/\"").is_err());
    }
}
