//! What is allowed: teams, agents, releases, severities, exemptions.
//!
//! `policy.toml` beside this file holds the defaults, `lineward.toml` adds an organization's own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::agent::{AgentPattern, Bundles};
use crate::estate::Arn;
use crate::finding::{Finding, Severity};
use crate::release::Releases;
use crate::rule::{Rule, RuleId};

/// What is allowed.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The tag key that names a resource's team, compared without regard to case.
    pub team_tag: String,
    /// The teams that exist; empty where no register is kept.
    pub teams: BTreeSet<String>,
    /// The EMR releases and what Spark each runs.
    pub releases: Releases,
    /// How a Spline agent is recognised by the name of its artifact; the first match counts.
    pub agents: Vec<AgentPattern>,
    /// The public Spline bundles that exist.
    pub bundles: Bundles,
    /// What an organization changed of single rules.
    pub rules: BTreeMap<RuleId, RuleSettings>,
    /// Findings that somebody accepted.
    pub exemptions: Vec<Exemption>,
}

/// The defaults as `policy.toml` writes them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaults {
    team_tag: String,
    agent: Vec<AgentPattern>,
}

impl Default for Policy {
    /// What `policy.toml` and the data beside it say.
    fn default() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the text is compiled in, and a test reads it"
        )]
        let defaults: Defaults =
            toml::from_str(include_str!("policy.toml")).expect("`policy.toml` is well-formed");
        Self {
            team_tag: defaults.team_tag,
            teams: BTreeSet::new(),
            releases: Releases::default(),
            agents: defaults.agent,
            bundles: Bundles::default(),
            rules: BTreeMap::new(),
            exemptions: Vec::new(),
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

    /// How bad this rule's fault is here, or nothing where the rule is switched off.
    pub fn severity(&self, rule: &Rule) -> Option<Severity> {
        let Some((_, settings)) = self.rules.iter().find(|(id, _)| id.as_str() == rule.id) else {
            return Some(rule.severity);
        };
        settings
            .enabled
            .then_some(settings.severity.unwrap_or(rule.severity))
    }

    /// The exemption that covers this finding today, if any.
    pub fn exemption(&self, finding: &Finding, now: Timestamp) -> Option<&Exemption> {
        let today = now.to_zoned(TimeZone::UTC).date();
        self.exemptions.iter().find(|exemption| {
            exemption.rule == finding.rule
                && exemption.resource.matches(&finding.resource)
                && today <= exemption.expires
        })
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

/// `[[exemption]]`: a finding accepted by a named owner, with a reason, until a day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exemption {
    /// The rule whose finding is accepted.
    pub rule: RuleId,
    /// The resources.
    pub resource: ArnGlob,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day it holds, in UTC.
    #[schemars(with = "String")]
    pub expires: Date,
}

/// An ARN in which `*` stands for any text and `?` for any character.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub struct ArnGlob(String);

impl ArnGlob {
    /// Whether the glob covers this ARN.
    pub fn matches(&self, arn: &Arn) -> bool {
        glob_matches(self.0.as_bytes(), arn.as_str().as_bytes())
    }
}

impl<'de> Deserialize<'de> for ArnGlob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let fields = text.split(':').count();
        if text == "*" || (text.starts_with("arn:") && (fields >= 6 || text.ends_with('*'))) {
            return Ok(Self(text));
        }
        Err(serde::de::Error::custom(format!(
            "malformed ARN `{text}`, expected `arn:partition:service:region:account:resource`, \
             in which `*` and `?` are wildcards"
        )))
    }
}

/// Whether `pattern`, with `*` and `?`, covers the whole of `text`. Linear but for the last star.
fn glob_matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(&expected) if expected == b'?' || expected == byte => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after, from)) = star else {
                    return false;
                };
                star = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|&byte| byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_well_formed() {
        assert_eq!(Policy::default().team_tag, "Team");
    }

    #[test]
    fn globs_cover_whole_texts() {
        let cases = [
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*b", "abab", true),
            (
                "arn:*:/applications/*",
                "arn:aws:/applications/x/jobruns/y",
                true,
            ),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(
                glob_matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
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

    #[test]
    fn a_malformed_arn_is_refused_with_what_is_expected() {
        #[derive(Debug, Deserialize)]
        struct Holder {
            #[expect(dead_code, reason = "only its parsing is tested")]
            resource: ArnGlob,
        }
        assert!(toml::from_str::<Holder>("resource = 'arn:aws:emr-serverless:*'").is_ok());
        let error = toml::from_str::<Holder>("resource = 'emr-serverless'").unwrap_err();
        assert!(
            error.to_string().contains("malformed ARN `emr-serverless`"),
            "{error}"
        );
    }
}
