//! An event of PagerDuty's Events API v2, within its limits.

use std::collections::BTreeSet;

use lineward_rules::Severity;
use lineward_rules::Status;
use lineward_rules::estate::Arn;
use serde::Serialize;
use serde_json::{Value, json};

use super::group::{Group, Subject, Team};
use super::plan::Situation;
use super::routing::Route;
use crate::report::{FindingRow, Report, plain};

/// The longest summary, in characters.
const SUMMARY: usize = 1024;

/// The largest event in bytes: PagerDuty takes 512 KB, and the rest of the event needs its share.
const DETAILS: usize = 480 * 1024;

/// The most rules that an event points to.
const RULE_LINKS: usize = 10;

/// What a trigger says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    payload: Payload,
    client: &'static str,
    links: Vec<Link>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Payload {
    summary: String,
    source: String,
    severity: &'static str,
    timestamp: String,
    component: String,
    group: String,
    class: String,
    custom_details: Value,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Link {
    href: String,
    text: String,
}

/// What an event may point to on the web.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links<'a> {
    /// Where the catalogue of rules is published, each rule below an anchor of its id.
    pub(super) rules: Option<&'a str>,
    /// Where the report can be read.
    pub(super) report: Option<&'a str>,
}

impl Event {
    /// The event that opens an incident of these findings, of which there is at least one.
    pub(super) fn trigger(
        group: &Group,
        findings: &[&FindingRow],
        report: &Report,
        route: &Route,
        to: &Links<'_>,
    ) -> Self {
        let worst = findings.iter().map(|finding| finding.severity).max();
        let mut rules: Vec<_> = findings
            .iter()
            .map(|finding| finding.rule.as_str())
            .collect();
        rules.sort_unstable();
        rules.dedup();
        let component = component(group, report);
        let place = findings.first().map_or_else(String::new, |finding| {
            format!("{} {}", finding.account, finding.region)
        });
        let summary = match findings {
            _ if group.storm_of().is_some() => format!(
                "{} more findings at once, {} of them critical or high: {}",
                findings.len(),
                findings
                    .iter()
                    .filter(|it| it.severity >= Severity::High)
                    .count(),
                rules.join(", ")
            ),
            [finding] => format!(
                "{component} ({place}): {}: {}",
                finding.title, finding.evidence
            ),
            _ => format!(
                "{component} ({place}): {} faults: {}",
                findings.len(),
                rules.join(", ")
            ),
        };
        let summary = match not_judged(findings).as_slice() {
            [] => summary,
            off => format!("switched off and not judged: {}; {summary}", off.join(", ")),
        };
        let team = findings.iter().find_map(|finding| finding.team.clone());
        let source = findings
            .first()
            .map_or_else(String::new, |finding| finding.resource.to_string());
        Self {
            payload: Payload {
                summary: cut(&plain(&summary), SUMMARY),
                source: cut(&plain(&source), SUMMARY),
                severity: word(worst.unwrap_or(Severity::Low)),
                timestamp: report.run.started_at.to_string(),
                component: cut(&component, SUMMARY),
                group: cut(&plain(&team.unwrap_or_else(|| "no team".into())), SUMMARY),
                class: cut(&rules.join(", "), SUMMARY),
                custom_details: details(findings, report, route),
            },
            client: "Lineward",
            links: links(group, &rules, to),
        }
    }

    /// The event that says that a first run would open so many incidents, and how to choose what becomes of them.
    pub(super) fn first_run(openings: usize, situation: &Situation<'_>) -> Self {
        let (report, most) = (situation.report, situation.pagerduty.max_events);
        let to = Links {
            rules: None,
            report: situation.report_url,
        };
        Self {
            payload: Payload {
                summary: format!(
                    "Lineward's first run would open {openings} incidents, more than `max_events` ({most}), and \
                     opens none until you choose: record what is there as known, or page of all of it"
                ),
                source: "Lineward".into(),
                severity: word(Severity::Medium),
                timestamp: report.run.started_at.to_string(),
                component: "Lineward".into(),
                group: "no team".into(),
                class: "first-run".into(),
                custom_details: json!({
                    "run": report.run.id,
                    "incidents": openings,
                    "max_events": most,
                    "to_record_all_as_known": "invoke the function with {\"task\": \"audit\", \"baseline\": true}, or \
                                               run `lineward audit --baseline` with the same store",
                    "to_page_of_all": "set `[pagerduty] first_run = \"page\"`, or run \
                                       `lineward audit --notify --first-run=page`",
                }),
            },
            client: "Lineward",
            links: links(&Group::first_run(), &[], &to),
        }
    }

    /// The payload of a resolve that says why, where it isn't that all was mended.
    pub(super) fn farewell(why: &str) -> Value {
        json!({ "payload": {
            "summary": cut(&plain(why), SUMMARY),
            "source": "Lineward",
            "severity": word(Severity::Low),
        }})
    }

    /// What the incident is about.
    pub(super) fn summary(&self) -> &str {
        &self.payload.summary
    }
}

/// The rules of these findings that are switched off.
fn not_judged<'a>(findings: &[&'a FindingRow]) -> Vec<&'a str> {
    let off = findings
        .iter()
        .filter(|row| row.status == Status::NotJudged);
    let rules: BTreeSet<_> = off.map(|row| row.rule.as_str()).collect();
    rules.into_iter().collect()
}

/// PagerDuty's word for a severity.
fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "info",
    }
}

fn component(group: &Group, report: &Report) -> String {
    match &group.subject {
        Subject::Resource(arn) => {
            let name = report.application_names().get(arn).copied();
            plain(name.unwrap_or(arn.as_str())).into_owned()
        }
        Subject::Rule(rule, _) => rule.clone(),
        Subject::Team(Team::Named(team)) => format!("team {}", plain(team)),
        Subject::Team(Team::None) => "no team".into(),
        Subject::Storm(_) | Subject::FirstRun => "Lineward".into(),
    }
}

/// The findings, as many as fit.
fn details(findings: &[&FindingRow], report: &Report, route: &Route) -> Value {
    let mut room = DETAILS;
    let mut told = Vec::new();
    for finding in findings {
        let told_finding = json!({
            "rule": finding.rule,
            "severity": finding.severity,
            "status": finding.status,
            "resource": finding.resource,
            "evidence": finding.evidence,
            "fingerprint": finding.fingerprint,
            "explain": format!("lineward explain {}", finding.fingerprint),
            "first_seen_at": finding.first_seen_at,
        });
        let size = told_finding.to_string().len();
        if size <= room {
            room -= size;
            told.push(told_finding);
        }
    }
    let left_out = findings.len() - told.len();
    json!({
        "run": report.run.id,
        "routed_by": cut(&route.reason, SUMMARY),
        "findings": told,
        "findings_left_out": left_out,
    })
}

/// The application's page in the console, those of the rules, and the report.
fn links(group: &Group, rules: &[&str], to: &Links<'_>) -> Vec<Link> {
    let console = match &group.subject {
        Subject::Resource(arn) => console(arn),
        Subject::Rule(..) | Subject::Team(_) | Subject::Storm(_) | Subject::FirstRun => None,
    };
    let rules = rules.iter().take(RULE_LINKS).filter_map(|rule| {
        Some(Link {
            href: format!("{}#{rule}", to.rules?),
            text: format!("Rule {rule}"),
        })
    });
    let report = to.report.map(|href| Link {
        href: href.to_owned(),
        text: "Report".into(),
    });
    console.into_iter().chain(rules).chain(report).collect()
}

fn console(arn: &Arn) -> Option<Link> {
    let (region, id) = application(arn)?;
    let domain = match arn.partition() {
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    };
    let href =
        format!("https://{region}.{domain}/emr/home?region={region}#/serverless-applications/{id}");
    Some(Link {
        href,
        text: "Application in the console".into(),
    })
}

/// The Region and id in an application's ARN, where both are made of plain letters.
fn application(arn: &Arn) -> Option<(&str, &str)> {
    let (before, id) = arn.as_str().split_once(":/applications/")?;
    let region = before.split(':').nth(3)?;
    let plain = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    (plain(region) && plain(id)).then_some((region, id))
}

/// The first `most` characters.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_summary_is_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
    }

    #[test]
    fn an_event_stays_within_its_limit_and_says_what_it_leaves_out() {
        let finding = |evidence: usize| FindingRow {
            evidence: "\u{1}ä".repeat(evidence),
            ..crate::report::tests::finding("spline-disabled", "arn:aws:x:y:1:/applications/a")
        };
        let mut findings = vec![finding(10); 30_000];
        findings.insert(0, finding(500_000));
        let all: Vec<_> = findings.iter().collect();
        let report = crate::report::tests::report(Vec::new());
        let route = Route {
            key: None,
            reason: "team `ads`".into(),
        };
        let to = Links {
            rules: None,
            report: None,
        };
        let group = Group::storm("key");
        let event = Event::trigger(&group, &all, &report, &route, &to);
        let size = serde_json::to_vec(&event).unwrap().len();
        assert!((450 * 1024..512_000).contains(&size), "{size}");
        let details = &event.payload.custom_details;
        let told = details["findings"].as_array().unwrap().len();
        assert_eq!(details["findings_left_out"], 30_001 - told);
    }

    #[test]
    fn only_a_plain_arn_becomes_a_link() {
        let link = |arn: &str| console(&Arn::from(arn)).map(|link| link.href);
        assert_eq!(
            link("arn:aws:emr-serverless:eu-west-1:1:/applications/00f1").as_deref(),
            Some(
                "https://eu-west-1.console.aws.amazon.com/emr/home?region=eu-west-1#/serverless-applications/00f1"
            )
        );
        assert_eq!(
            link("arn:aws:emr-serverless:eu-west-1:1:/applications/\"><a"),
            None
        );
        assert_eq!(link("arn:aws:iam::1:root"), None);
    }
}
