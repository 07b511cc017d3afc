//! Exemptions that are over, and those that a tag on a resource gives.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::catalogue::{known, rules};
use crate::estate::glob::ArnGlob;
use crate::estate::{AccountId, Arn, ReadScope, ReadScopes, Slice};
use crate::finding::Finding;
use crate::judge::subject::Subject;
use crate::settings::{Context, Exemption, Policy};
use crate::subject::rule::Check;

/// What the key of an exempting tag is, or begins with where a resource carries several.
pub const TAG: &str = "lineward:exempt";

/// An exempting tag of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// The resource; what belongs to it is covered, too.
    pub resource: Arn,
    /// What the tag says, or what is wrong with it.
    pub exemption: Result<Exemption, TagError>,
}

/// Why a tag exempts nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// It isn't made of three parts.
    #[error("`{0}` is not an exemption, expected `<rule>:<last day>:<reason>`")]
    Form(String),
    /// No rule has this id.
    #[error("there is no rule `{0}`")]
    Rule(String),
    /// The day is none.
    #[error("`{0}` is not a day, expected such as `2027-01-31`")]
    Day(String),
    /// Nobody says why.
    #[error("it gives no reason")]
    Reason,
    /// Tags exempt nothing unless the configuration says so.
    #[error("tags exempt nothing here: `[teams] exemption_tags` is not set")]
    NotAllowed,
}

/// The finding that it has expired, if it is one of the configuration. `home` is its account where its resources
/// are of several.
pub fn expired_in_configuration(
    exemption: &Exemption,
    home: &AccountId,
    cx: &Context<'_>,
) -> Option<Finding> {
    // Every run reads the configuration.
    expired(exemption, home, ReadScopes::none(), cx)
}

/// The finding that it has expired, if it has. Where its resources are of one account, it is of that one.
/// `read_from` is what must be read to know that it still stands.
fn expired(
    exemption: &Exemption,
    home: &AccountId,
    read_from: ReadScopes,
    cx: &Context<'_>,
) -> Option<Finding> {
    let rule = rules().find(|rule| matches!(rule.check, Check::Exemption { .. }))?;
    let Check::Exemption { check } = rule.check else {
        return None;
    };
    let fault = check(exemption, cx).into_iter().next()?;
    let resource = Arn::from(exemption.resource.as_str());
    Subject::exempted(resource, home, read_from).finding(rule, fault, cx)
}

impl Tagged {
    /// The exempting tags of a slice's resources.
    pub fn of(slice: &Slice, policy: &Policy) -> Vec<Self> {
        let applications = slice.applications.iter().map(|it| (&it.arn, &it.tags));
        let runs = slice.job_runs.iter().map(|it| (&it.arn, &it.tags));
        let roles = slice.roles.iter().map(|it| (&it.arn, &it.tags));
        let policies = slice.policies.iter();
        let policies = policies.filter_map(|it| Some((&it.arn, it.tags.as_ref()?)));
        let tagged = applications.chain(runs).chain(roles).chain(policies);
        tagged
            .flat_map(|(arn, tags)| of_resource(arn, tags, policy))
            .collect()
    }

    /// The finding that it has expired, if it has.
    pub fn expired(&self, cx: &Context<'_>) -> Option<Finding> {
        let exemption = self.exemption.as_ref().ok()?;
        let account = AccountId::from(self.resource.account());
        let read_from = ReadScope::resource(&self.resource).into_iter().collect();
        expired(exemption, &account, read_from, cx)
    }

    /// Whether it accepts this finding today.
    pub fn accepts(&self, finding: &Finding, now: Timestamp) -> Option<&Exemption> {
        let exemption = self.exemption.as_ref().ok()?;
        let is_meant = exemption.rule == finding.rule && finding.resource.is_within(&self.resource);
        (is_meant && exemption.holds(now)).then_some(exemption)
    }
}

fn of_resource<'a>(
    arn: &'a Arn,
    tags: &'a BTreeMap<String, String>,
    policy: &'a Policy,
) -> impl Iterator<Item = Tagged> + 'a {
    let of_ours = tags.iter().filter(|(key, _)| key.starts_with(TAG));
    of_ours.map(move |(_, value)| Tagged {
        resource: arn.clone(),
        exemption: if policy.exemption_tags {
            read(arn, value, policy.team(tags))
        } else {
            Err(TagError::NotAllowed)
        },
    })
}

/// Reads `<rule>:<last day>:<reason>`. Who may tag a team's resource answers for its team.
fn read(arn: &Arn, value: &str, team: Option<&str>) -> Result<Exemption, TagError> {
    let parts: Vec<_> = value.splitn(3, ':').map(str::trim).collect();
    let [rule, day, reason] = parts.as_slice() else {
        return Err(TagError::Form(value.to_owned()));
    };
    if reason.is_empty() {
        return Err(TagError::Reason);
    }
    Ok(Exemption {
        rule: known(rule).ok_or_else(|| TagError::Rule((*rule).to_owned()))?,
        resource: ArnGlob::exact(arn),
        owner: team.unwrap_or("whoever tagged it").to_owned(),
        reason: (*reason).to_owned(),
        expires: day.parse().map_err(|_| TagError::Day((*day).to_owned()))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Fingerprint, RuleId};

    fn slice(tag: &str) -> Slice {
        let mut application = crate::estate::Application::example();
        application.tags.insert(TAG.into(), tag.into());
        Slice {
            applications: vec![application],
            ..Slice::new(crate::estate::Account::example())
        }
    }

    fn policy() -> Policy {
        Policy {
            exemption_tags: true,
            ..Policy::default()
        }
    }

    fn told(tag: &str) -> Result<Exemption, String> {
        let tagged = Tagged::of(&slice(tag), &policy()).pop().unwrap();
        tagged.exemption.map_err(|error| error.to_string())
    }

    #[test]
    fn a_tag_accepts_findings_on_its_resource_and_what_belongs_to_it() {
        let slice = slice("spline-disabled:2026-12-01:moved by INC-7: soon");
        let tagged = Tagged::of(&slice, &policy()).pop().unwrap();
        let exemption = tagged.exemption.as_ref().unwrap();
        assert_eq!(exemption.reason, "moved by INC-7: soon");
        assert_eq!(exemption.owner, "ads");
        let finding = |rule: &str, resource: String| {
            let (rule, resource) = (RuleId::from(rule), Arn::from(resource));
            Finding {
                fingerprint: Fingerprint::new(&rule, &resource, ""),
                rule,
                resource,
                ..expired_in_configuration(
                    exemption,
                    &AccountId::from("1"),
                    &Context {
                        now: "2027-01-01T00:00:00Z".parse().unwrap(),
                        ..Context::example()
                    },
                )
                .unwrap()
            }
        };
        let arn = &slice.applications[0].arn;
        let day = |text: &str| text.parse().unwrap();
        let last = day("2026-12-01T23:59:59Z");
        let whole = finding("spline-disabled", arn.to_string());
        assert!(tagged.accepts(&whole, last).is_some());
        assert!(
            tagged
                .accepts(&whole, day("2026-12-02T00:00:00Z"))
                .is_none()
        );
        let run = finding("spline-disabled", format!("{arn}/jobruns/1"));
        assert!(tagged.accepts(&run, last).is_some());
        let namesake = finding("spline-disabled", format!("{arn}2"));
        assert!(tagged.accepts(&namesake, last).is_none());
        let other = finding("spline-mode-invalid", arn.to_string());
        assert!(tagged.accepts(&other, last).is_none());
    }

    #[test]
    fn a_tag_that_says_nothing_clear_accepts_nothing_and_says_why() {
        for (tag, expected) in [
            (
                "yes please",
                "`yes please` is not an exemption, expected `<rule>:<last day>:<reason>`",
            ),
            (
                "spline-asleep:2026-12-01:x",
                "there is no rule `spline-asleep`",
            ),
            (
                "spline-disabled:tomorrow:x",
                "`tomorrow` is not a day, expected such as `2027-01-31`",
            ),
            ("spline-disabled:2026-12-01: ", "it gives no reason"),
        ] {
            assert_eq!(told(tag), Err(expected.into()), "{tag}");
        }
    }

    #[test]
    fn tags_accept_nothing_unless_the_configuration_says_so() {
        let slice = slice("spline-disabled:2026-12-01:x");
        let tagged = Tagged::of(&slice, &Policy::default()).pop().unwrap();
        assert_eq!(tagged.exemption, Err(TagError::NotAllowed));
    }

    fn ended(expires: &str) -> Exemption {
        Exemption {
            rule: RuleId::from("spline-disabled"),
            resource: ArnGlob::exact(&Arn::from(
                "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1",
            )),
            owner: "ads".into(),
            reason: "moved".into(),
            expires: expires.parse().unwrap(),
        }
    }

    #[test]
    fn it_is_of_the_account_that_it_is_about() {
        let home = AccountId::from("999999999999");
        let finding =
            expired_in_configuration(&ended("1969-12-31"), &home, &Context::example()).unwrap();
        assert_eq!(finding.account.as_str(), "111122223333");
        assert!(
            expired_in_configuration(&ended("1970-01-01"), &home, &Context::example()).is_none()
        );
    }
}
