//! Applications, in every field that `GetApplication` has.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::job_runs;
use super::spark::{self, Agent};
use crate::Fault;
use crate::field::set;
use crate::options::Options;
use crate::organization::{Account, Application};
use crate::random::Random;

const NOUNS: [&str; 10] = [
    "attribution",
    "sessionization",
    "exports",
    "features",
    "invoices",
    "ranking",
    "deduplication",
    "forecast",
    "funnels",
    "snapshots",
];

/// Where an application is made, and as of when.
pub(super) struct Maker<'a> {
    pub(super) options: &'a Options,
    pub(super) now: Timestamp,
    pub(super) account: &'a Account,
    pub(super) region: &'a str,
}

/// What kind of application: most are plain Spark.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Hive,
    Sessions,
    Image,
}

impl Maker<'_> {
    /// The application of this number, with its id.
    pub(super) fn make(
        &self,
        index: usize,
        fault: Option<Fault>,
        random: &mut Random,
    ) -> (String, Application) {
        let kind = match (fault, index % 12) {
            (None, 4 | 10) => Kind::Hive,
            (None, 2 | 7) | (Some(Fault::SessionReplacesDefaults), _) => Kind::Sessions,
            (None, 8) => Kind::Image,
            _ => Kind::Plain,
        };
        let id = format!("00f{}", random.alphanumeric(13));
        let mut application = Application {
            detail: self.detail(&id, index, kind, random),
            ..Application::default()
        };
        if !fault.is_some_and(Fault::is_without_runs) {
            application.job_runs = many(self.options.job_runs, random, |random, turn| {
                job_runs::job_run(&application.detail, self.now, turn, random)
            });
        }
        if kind == Kind::Sessions {
            application.sessions = many(self.options.sessions, random, |random, turn| {
                job_runs::session(&application.detail, self.now, turn, random)
            });
        }
        application.rest_if_unused();
        if let Some(fault) = fault {
            fault.plant(&mut application, self.now);
        }
        (id, application)
    }

    fn detail(&self, id: &str, index: usize, kind: Kind, random: &mut Random) -> Value {
        let (account, region, team) = (&self.account.id, self.region, &self.account.team);
        let (label, agent) = label_and_agent(index, kind);
        let created = self.now - hours(24 + random.below(24 * 300));
        let updated = created + hours(random.below(20));
        let arm = index % 3 == 1 && kind != Kind::Image;
        let mut detail = json!({
            "applicationId": id,
            "name": format!("{team}-{}-{index}", random.pick(&NOUNS)),
            "arn": format!("arn:aws:emr-serverless:{region}:{account}:/applications/{id}"),
            "releaseLabel": label,
            "type": if kind == Kind::Hive { "Hive" } else { "Spark" },
            "state": random.pick(&["STARTED", "STOPPED", "CREATED"]),
            "createdAt": epoch(created),
            "updatedAt": epoch(updated),
            "tags": { "Team": team, "CostCenter": format!("cc-{team}"), "Environment": "production" },
            "runtimeConfiguration": spark::configuration(team, agent, index.is_multiple_of(2)),
            "architecture": if arm { "ARM64" } else { "X86_64" },
            "schedulerConfiguration": { "queueTimeoutMinutes": 360, "maxConcurrentRuns": 15 },
        });
        self.capacity(&mut detail, index);
        match kind {
            Kind::Plain => {}
            Kind::Hive => {
                let site = json!({ "hive.driver.cores": "2", "hive.tez.cpu.vcores": "2" });
                let site = json!([{ "classification": "hive-site", "properties": site }]);
                set(&mut detail, "runtimeConfiguration", site);
            }
            Kind::Sessions => {
                let interactive = json!({
                    "studioEnabled": false, "livyEndpointEnabled": false, "sessionEnabled": true,
                });
                set(&mut detail, "interactiveConfiguration", interactive);
            }
            Kind::Image => {
                let image = spark::image(&detail);
                let digest = format!("sha256:{}", "4f".repeat(32));
                let image = json!({ "imageUri": image, "resolvedImageDigest": digest });
                set(&mut detail, "imageConfiguration", image);
            }
        }
        detail
    }

    /// Everything that is about capacity, network and logs.
    fn capacity(&self, detail: &mut Value, index: usize) {
        let (account, region, team) = (&self.account.id, self.region, &self.account.team);
        let worker = json!({
            "workerCount": 1,
            "workerConfiguration": { "cpu": "4 vCPU", "memory": "16 GB", "disk": "20 GB" },
        });
        let group = format!("/aws/emr-serverless/{team}");
        let logs = format!("s3://example-{account}-{region}-logs/emr-serverless/{team}/");
        let fields = [
            (
                "maximumCapacity",
                json!({ "cpu": "400 vCPU", "memory": "3000 GB", "disk": "20000 GB" }),
            ),
            ("autoStartConfiguration", json!({ "enabled": true })),
            (
                "autoStopConfiguration",
                json!({ "enabled": true, "idleTimeoutMinutes": 15 }),
            ),
            (
                "networkConfiguration",
                json!({
                    "subnetIds": ["subnet-0a1b2c3d4e5f60718", "subnet-0b1c2d3e4f5a60719"],
                    "securityGroupIds": ["sg-0a1b2c3d4e5f60718"],
                }),
            ),
            (
                "workerTypeSpecifications",
                json!({ "Driver": {}, "Executor": {} }),
            ),
            (
                "monitoringConfiguration",
                json!({
                    "s3MonitoringConfiguration": { "logUri": logs },
                    "managedPersistenceMonitoringConfiguration": { "enabled": true },
                    "cloudWatchLoggingConfiguration": { "enabled": true, "logGroupName": group },
                }),
            ),
            (
                "interactiveConfiguration",
                json!({
                    "studioEnabled": false, "livyEndpointEnabled": false, "sessionEnabled": false,
                }),
            ),
        ];
        for (field, value) in fields {
            set(detail, field, value);
        }
        if index.is_multiple_of(5) {
            set(
                detail,
                "initialCapacity",
                json!({ "Driver": worker, "Executor": worker }),
            );
        }
    }
}

fn many(
    count: usize,
    random: &mut Random,
    make: impl Fn(&mut Random, usize) -> (String, Value),
) -> BTreeMap<String, Value> {
    (0..count).map(|turn| make(random, turn)).collect()
}

fn label_and_agent(index: usize, kind: Kind) -> (&'static str, Agent) {
    match kind {
        Kind::Sessions => spark::WITH_SESSIONS,
        Kind::Plain | Kind::Hive | Kind::Image => spark::FITTING
            .get(index % spark::FITTING.len())
            .copied()
            .unwrap_or(spark::WITH_SESSIONS),
    }
}

pub(super) fn hours(hours: u64) -> SignedDuration {
    SignedDuration::from_hours(i64::try_from(hours).unwrap_or(0))
}

/// Seconds since the epoch, to the millisecond, as JSON carries times.
pub(super) fn epoch(time: Timestamp) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a double holds milliseconds until 287396 AD"
    )]
    let milliseconds = time.as_millisecond() as f64;
    milliseconds / 1000.0
}
