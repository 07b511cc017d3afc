//! What the last run knew, and what changed since: new, ongoing, resolved, unseen. All pure.

mod looked;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lineward_rules::estate::{AccountId, Arn, Region};
use lineward_rules::{Finding, Fingerprint, Remediation, RuleId, Severity, Status};
use serde::{Deserialize, Serialize};

pub use looked::{ByAccount, Looked};

/// The schema of a ledger; another number is another format.
pub const SCHEMA: &str = "lineward/ledger/1";

/// What the last run knew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// [`SCHEMA`].
    pub schema: String,
    /// When the run that wrote it began.
    pub updated_at: Option<Timestamp>,
    /// The applications that exist as far as is known.
    pub applications: BTreeMap<Arn, KnownApplication>,
    /// The findings that are open as far as is known.
    pub findings: BTreeMap<Fingerprint, KnownFinding>,
    /// The incidents that are open, by dedup key.
    pub incidents: BTreeMap<String, Incident>,
}

/// An application that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownApplication {
    /// Its account.
    pub account: AccountId,
    /// Its Region.
    pub region: Region,
    /// When a run first saw it.
    pub first_seen_at: Timestamp,
    /// When a run last saw it.
    pub last_seen_at: Timestamp,
}

/// A finding that was seen, without its remediation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFinding {
    /// As it was last seen.
    pub finding: Finding,
    /// When a run first saw it.
    pub first_seen_at: Timestamp,
    /// When a run last saw it.
    pub last_seen_at: Timestamp,
    /// Whether a run with `--baseline` recorded it: it pages nobody until it was gone and is back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub baseline: bool,
}

/// An incident that PagerDuty was told to open, or was about to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// The name of the routing key that opened it, through which it must be resolved.
    pub routing_key: String,
    /// What PagerDuty is known to have taken.
    pub state: IncidentState,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When the run began that last told PagerDuty of it.
    pub told_at: Timestamp,
    /// The findings that it was last told of.
    pub findings: BTreeSet<Fingerprint>,
    /// The rules that it was last told of.
    pub rules: BTreeSet<RuleId>,
    /// The severity that it was last told.
    pub severity: Severity,
    /// What it is about, in the words of its summary.
    pub summary: String,
}

/// What PagerDuty is known to have taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentState {
    /// It was about to be told. What is sent is written down before: a run may be killed between the two,
    /// and the fault be mended before the next.
    Intended,
    /// It took what this says.
    Open,
    /// It was told to resolve what another run may still have been about to open. It is told again, until
    /// no run can be that late.
    Resolved,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            schema: SCHEMA.into(),
            updated_at: None,
            applications: BTreeMap::new(),
            findings: BTreeMap::new(),
            incidents: BTreeMap::new(),
        }
    }
}

/// Compares two runs. `looked` says whether this run could see where a past finding was.
pub fn diff<K: Ord + Clone>(
    before: impl IntoIterator<Item = K>,
    now: impl IntoIterator<Item = K>,
    looked: impl Fn(&K) -> bool,
) -> BTreeMap<K, Status> {
    let status = |key: K| {
        let status = if looked(&key) {
            Status::Resolved
        } else {
            Status::Unseen
        };
        (key, status)
    };
    let mut changes: BTreeMap<K, Status> = before.into_iter().map(status).collect();
    for key in now {
        changes
            .entry(key)
            .and_modify(|status| *status = Status::Ongoing)
            .or_insert(Status::New);
    }
    changes
}

/// An application that this run saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenApplication {
    /// Its ARN.
    pub arn: Arn,
    /// Its account.
    pub account: AccountId,
    /// Its Region.
    pub region: Region,
}

/// What a run saw and where it looked: all that moves a ledger on.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// When the run began.
    pub at: Timestamp,
    /// The findings.
    pub findings: &'a [Finding],
    /// The applications.
    pub applications: &'a [SeenApplication],
    /// What it looked at of what was known before.
    pub looked: &'a Looked,
    /// The incidents that it opened or told something new, and those that it resolved.
    pub incidents: BTreeMap<String, Option<Incident>>,
    /// Whether what it found is to page nobody, but for what has an incident already.
    pub baseline: bool,
}

impl Ledger {
    /// The ledger after a run. What the run didn't look at stays as it was, and so does what a run
    /// that began later has seen.
    #[must_use]
    pub fn after(&self, seen: &Seen<'_>) -> Self {
        let mut next = self.clone();
        next.updated_at = self.updated_at.max(Some(seen.at));
        next.findings.retain(|fingerprint, known| {
            known.last_seen_at > seen.at || !seen.looked.findings.contains(fingerprint)
        });
        next.applications.retain(|arn, known| {
            known.last_seen_at > seen.at || !seen.looked.applications.contains(arn)
        });
        let told: BTreeSet<_> = self
            .incidents
            .values()
            .flat_map(|it| &it.findings)
            .collect();
        for finding in seen.findings {
            let finding = Finding {
                remediation: Remediation::default(),
                ..finding.clone()
            };
            let fingerprint = finding.fingerprint.clone();
            let known = KnownFinding {
                finding,
                first_seen_at: seen.at,
                last_seen_at: seen.at,
                baseline: seen.baseline && !told.contains(&fingerprint),
            };
            next.see_finding(fingerprint.clone(), known, self.findings.get(&fingerprint));
        }
        for application in seen.applications {
            let known = self.applications.get(&application.arn);
            let first_seen_at = known.map_or(seen.at, |known| known.first_seen_at.min(seen.at));
            let last_seen_at = known.map_or(seen.at, |known| known.last_seen_at.max(seen.at));
            let known = KnownApplication {
                account: application.account.clone(),
                region: application.region.clone(),
                first_seen_at,
                last_seen_at,
            };
            next.applications.insert(application.arn.clone(), known);
        }
        for (key, change) in &seen.incidents {
            next.change_incident(key, change.as_ref(), seen.at);
        }
        next
    }

    /// Lays over an incident what a run told PagerDuty. What a later run told stays; but if ours resolved
    /// it, nobody knows which of the two came last, and the next run tells it again.
    fn change_incident(&mut self, key: &str, change: Option<&Incident>, at: Timestamp) {
        let later = self.incidents.get_mut(key).filter(|it| it.told_at > at);
        match (change, later) {
            (None, Some(later)) if later.state == IncidentState::Open => {
                later.state = IncidentState::Intended;
            }
            (_, Some(_)) => {}
            (Some(incident), None) => drop(self.incidents.insert(key.to_owned(), incident.clone())),
            (None, None) => drop(self.incidents.remove(key)),
        }
    }

    fn see_finding(
        &mut self,
        fingerprint: Fingerprint,
        seen: KnownFinding,
        before: Option<&KnownFinding>,
    ) {
        let first_seen_at = before.map_or(seen.first_seen_at, |known| {
            known.first_seen_at.min(seen.first_seen_at)
        });
        let later = before
            .filter(|known| known.last_seen_at > seen.last_seen_at)
            .cloned();
        let baseline = seen.baseline || before.is_some_and(|known| known.baseline);
        let known = KnownFinding {
            first_seen_at,
            baseline,
            ..later.unwrap_or(seen)
        };
        self.findings.insert(fingerprint, known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineward_rules::estate::{
        Account, Application, Configuration, JobRun, Scope, Service, Session, Slice,
    };
    use lineward_rules::rule::Context;
    use lineward_rules::{Policy, judge};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_key_is_told_once_and_a_run_against_itself_is_ongoing(
            before: BTreeSet<u8>, now: BTreeSet<u8>, looked: BTreeSet<u8>,
        ) {
            let changes = diff(before.clone(), now.clone(), |key| looked.contains(key));
            let keys: BTreeSet<_> = changes.keys().copied().collect();
            prop_assert_eq!(keys, before.union(&now).copied().collect::<BTreeSet<_>>());
            for (key, status) in changes {
                let expected = match (before.contains(&key), now.contains(&key), looked.contains(&key)) {
                    (true, true, _) => Status::Ongoing,
                    (false, _, _) => Status::New,
                    (true, false, true) => Status::Resolved,
                    (true, false, false) => Status::Unseen,
                };
                prop_assert_eq!(status, expected);
            }
            let same = diff(now.clone(), now, |_| true);
            prop_assert!(same.values().all(|status| *status == Status::Ongoing));
        }
    }

    fn slice(applications: Vec<Application>) -> Slice {
        let scope = Scope::audited(Region::from("eu-west-1"), Service::EmrServerless);
        Slice {
            scopes: vec![scope],
            applications,
            ..Slice::new(Account::example())
        }
    }

    fn after(ledger: &Ledger, slice: &Slice, second: i64) -> Ledger {
        let policy = Policy::default();
        let at = Timestamp::from_second(second).unwrap();
        let findings = judge(
            slice,
            &Context {
                now: at,
                policy: &policy,
                organization: None,
            },
        )
        .findings;
        let applications: Vec<_> = slice
            .applications
            .iter()
            .map(|application| SeenApplication {
                arn: application.arn.clone(),
                account: slice.account.id.clone(),
                region: application.region.clone(),
            })
            .collect();
        let mut looked = Looked::default();
        ByAccount::of(ledger).look(slice, &mut looked);
        ledger.after(&Seen {
            at,
            findings: &findings,
            applications: &applications,
            looked: &looked,
            incidents: BTreeMap::new(),
            baseline: false,
        })
    }

    fn broken() -> Application {
        Application {
            runtime_configuration: Vec::new(),
            ..Application::example()
        }
    }

    #[test]
    fn first_seen_stays_over_runs_and_a_mended_application_leaves_no_finding() {
        let first = after(&Ledger::default(), &slice(vec![broken()]), 1);
        let second = after(&first, &slice(vec![broken()]), 2);
        let known = second.findings.values().next().unwrap();
        assert_eq!(
            (
                known.first_seen_at.as_second(),
                known.last_seen_at.as_second()
            ),
            (1, 2)
        );
        let mended = after(&second, &slice(vec![Application::example()]), 3);
        assert_eq!(mended.findings.len(), 0);
        let application = mended.applications.values().next().unwrap();
        assert_eq!(application.first_seen_at.as_second(), 1);
    }

    #[test]
    fn a_run_that_began_earlier_takes_nothing_from_a_later_one() {
        let later = after(&Ledger::default(), &slice(vec![broken()]), 5);
        let merged = after(&later, &slice(Vec::new()), 3);
        assert_eq!((merged.applications.len(), merged.findings.len()), (1, 1));
        assert_eq!(merged.updated_at.unwrap().as_second(), 5);
        let seen_earlier = after(&later, &slice(vec![broken()]), 3);
        let known = seen_earlier.findings.values().next().unwrap();
        assert_eq!(
            (
                known.first_seen_at.as_second(),
                known.last_seen_at.as_second()
            ),
            (3, 5)
        );
    }

    fn incident(state: IncidentState, second: i64) -> Incident {
        let at = Timestamp::from_second(second).unwrap();
        Incident {
            routing_key: "env:KEY".into(),
            state,
            opened_at: at,
            told_at: at,
            findings: BTreeSet::new(),
            rules: BTreeSet::new(),
            severity: Severity::Low,
            summary: String::new(),
        }
    }

    fn told(
        ledger: &Ledger,
        change: Option<&Incident>,
        second: i64,
    ) -> Option<(IncidentState, i64)> {
        let mut ledger = ledger.clone();
        let at = Timestamp::from_second(second).unwrap();
        ledger.change_incident("key", change, at);
        let incident = ledger.incidents.get("key");
        incident.map(|it| (it.state, it.told_at.as_second()))
    }

    #[test]
    fn what_a_later_run_told_of_an_incident_stays() {
        use IncidentState::{Intended, Open, Resolved};
        let later = Ledger {
            incidents: BTreeMap::from([("key".into(), incident(Open, 5))]),
            ..Ledger::default()
        };
        assert_eq!(told(&later, Some(&incident(Open, 3)), 3), Some((Open, 5)));
        // Which of the two messages came last can't be known: it is told again.
        assert_eq!(told(&later, None, 3), Some((Intended, 5)));
        assert_eq!(told(&later, None, 6), None);
        assert_eq!(
            told(&later, Some(&incident(Resolved, 6)), 6),
            Some((Resolved, 6))
        );
        assert_eq!(
            told(&Ledger::default(), Some(&incident(Open, 3)), 3),
            Some((Open, 3))
        );
    }

    #[test]
    fn a_baseline_is_one_until_the_finding_was_gone() {
        let run = |ledger: &Ledger, broken_now, second, baseline| {
            let application = if broken_now {
                broken()
            } else {
                Application::example()
            };
            let slice = slice(vec![application]);
            let policy = Policy::default();
            let at = Timestamp::from_second(second).unwrap();
            let cx = Context {
                now: at,
                policy: &policy,
                organization: None,
            };
            let mut looked = Looked::default();
            ByAccount::of(ledger).look(&slice, &mut looked);
            ledger.after(&Seen {
                at,
                findings: &judge(&slice, &cx).findings,
                applications: &[],
                looked: &looked,
                incidents: BTreeMap::new(),
                baseline,
            })
        };
        let is_baseline = |ledger: &Ledger| ledger.findings.values().any(|it| it.baseline);
        let first = run(&Ledger::default(), true, 1, true);
        let second = run(&first, true, 2, false);
        assert!(is_baseline(&first) && is_baseline(&second));
        let mended = run(&second, false, 3, false);
        assert!(!is_baseline(&run(&mended, true, 4, false)));
    }

    #[test]
    fn a_finding_on_a_job_is_resolved_only_by_another_run_of_that_job() {
        let run = |name: &str, parameters: &str| {
            let mut run = JobRun::example();
            run.name = name.into();
            run.spark_submit.as_mut().unwrap().parameters = Some(parameters.into());
            run
        };
        let with = |job_runs: Vec<JobRun>| Slice {
            job_runs,
            ..slice(vec![Application::example()])
        };
        let drops = "--jars s3://b/mine.jar";
        let first = after(&Ledger::default(), &with(vec![run("daily", drops)]), 1);
        assert_eq!(first.findings.len(), 1);
        let idle = after(&first, &with(vec![run("hourly", "")]), 2);
        assert_eq!(idle.findings.len(), 1);
        let again = after(
            &first,
            &with(vec![run("daily", drops), run("daily", drops)]),
            2,
        );
        assert_eq!(
            again.findings.keys().collect::<Vec<_>>(),
            first.findings.keys().collect::<Vec<_>>()
        );
        let mended = after(&first, &with(vec![run("daily", "")]), 2);
        assert_eq!(mended.findings.len(), 0);
        let gone = after(&first, &slice(Vec::new()), 2);
        assert_eq!(gone.findings.len(), 0);
    }

    #[test]
    fn a_job_and_a_session_of_one_name_say_nothing_of_each_other() {
        let memory = [("spark.driver.memory", "8g")];
        let drops = vec![Configuration::new("spark-defaults", &memory)];
        let session = |configuration| Session {
            name: "daily".into(),
            configuration,
            ..Session::example()
        };
        let run = |configuration| JobRun {
            name: "daily".into(),
            configuration,
            ..JobRun::example()
        };
        let with = |job_runs: Vec<JobRun>, sessions: Vec<Session>| Slice {
            job_runs,
            sessions,
            ..slice(vec![Application::example()])
        };
        let of_job = with(vec![run(drops.clone())], Vec::new());
        let of_session = with(Vec::new(), vec![session(drops)]);
        let sound_run = with(vec![run(Vec::new())], Vec::new());
        let sound_session = with(Vec::new(), vec![session(Vec::new())]);
        for (faulty, mended, other) in [
            (of_job, &sound_run, &sound_session),
            (of_session, &sound_session, &sound_run),
        ] {
            let first = after(&Ledger::default(), &faulty, 1);
            assert_eq!(first.findings.len(), 1);
            assert_eq!(after(&first, other, 2).findings.len(), 1);
            assert_eq!(after(&first, mended, 2).findings.len(), 0);
        }
    }

    #[test]
    fn an_application_is_gone_only_where_the_run_looked() {
        let first = after(&Ledger::default(), &slice(vec![broken()]), 1);
        let mut elsewhere = slice(Vec::new());
        elsewhere.scopes[0].region = Region::from("us-east-1");
        let kept = after(&first, &elsewhere, 2);
        assert_eq!((kept.applications.len(), kept.findings.len()), (1, 1));
        let gone = after(&first, &slice(Vec::new()), 2);
        assert_eq!((gone.applications.len(), gone.findings.len()), (0, 0));
    }
}
