//! Judging from memory: what the rules cost without a network.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use lineward_rules::catalogue::rules;
use lineward_rules::estate::{Configuration, JobRun, Scope, Service};
use lineward_rules::{
    Account, AccountId, Application, Arn, Check, Context, Policy, Region, Slice, judge,
};

use crate::Result;

/// How many applications an account holds.
const IN_AN_ACCOUNT: usize = 4;

/// What to judge.
#[derive(Debug, Args)]
pub(crate) struct Judge {
    /// How many applications.
    #[arg(long, default_value_t = 100_000)]
    applications: usize,
    /// How many runs each application has had.
    #[arg(long, default_value_t = 10)]
    job_runs: usize,
    /// How often it is measured; the quickest counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

impl Judge {
    /// Judges on this thread alone.
    pub(crate) fn run(&self) -> Result<String> {
        let slices = slices(self.applications, self.job_runs);
        let mut policy = Policy::default();
        policy.teams.insert("ads".into());
        let cx = Context {
            now: Timestamp::UNIX_EPOCH,
            policy: &policy,
            organization: None,
        };
        let mut findings = 0;
        let (mut judged, mut written) = (Duration::MAX, Duration::MAX);
        for _ in 0..self.rounds {
            let started = Instant::now();
            findings = slices
                .iter()
                .map(|slice| judge(slice, &cx).findings.len())
                .sum();
            judged = judged.min(started.elapsed());
            let started = Instant::now();
            for slice in &slices {
                black_box(serde_json::to_vec(slice)?);
            }
            written = written.min(started.elapsed());
        }
        let resources = slices
            .iter()
            .map(|it| it.applications.len() + it.job_runs.len() + it.scopes.len());
        let resources: usize = resources.sum();
        let checks: usize = slices.iter().map(checks).sum();
        Ok(format!(
            "{} applications with {} runs each in {} accounts on one core, best of {}\n\n\
             {:>10} resources a second ({resources} in {:.2} s, {findings} findings)\n\
             {:>10} rule checks a second ({checks})\n\
             {:>10.2} times what it takes to write them as JSON",
            self.applications,
            self.job_runs,
            slices.len(),
            self.rounds,
            a_second(resources, judged),
            judged.as_secs_f64(),
            a_second(checks, judged),
            judged.as_secs_f64() / written.as_secs_f64(),
        ))
    }
}

fn a_second(number: usize, time: Duration) -> u128 {
    number as u128 * 1_000_000_000 / time.as_nanos().max(1)
}

/// How many questions the rules ask about a slice.
fn checks(slice: &Slice) -> usize {
    let subjects = |check: &Check| match check {
        Check::Lineage { .. } | Check::Application { .. } => slice.applications.len(),
        // The latest run of each job is asked; the others are only counted.
        Check::JobRun { .. } => jobs(slice),
        // These estates have no sessions and no roles: `bench roles` has.
        Check::Session { .. }
        | Check::Role { .. }
        | Check::Statement { .. }
        | Check::ManagedPolicy { .. }
        | Check::Estate { .. }
        | Check::Exemption { .. } => 0,
        Check::Configuration { .. } => slice.applications.len() + jobs(slice),
        Check::Scope { .. } => slice.scopes.len(),
    };
    rules().map(|rule| subjects(&rule.check)).sum()
}

/// Accounts with so many applications in all, one in six of them faulty.
fn slices(applications: usize, runs: usize) -> Vec<Slice> {
    let indices: Vec<_> = (0..applications).collect();
    let accounts = indices.chunks(IN_AN_ACCOUNT).enumerate();
    let slice = |(number, indices): (usize, &[usize])| {
        let id = AccountId::from(format!("{:012}", 100_000_000_000 + number));
        let applications: Vec<_> = indices
            .iter()
            .map(|&index| application(index, &id))
            .collect();
        let job_runs = applications.iter();
        let job_runs = job_runs.flat_map(|it| (0..runs).map(|turn| job_run(it, turn)));
        let emr = Scope::audited(Region::from("eu-west-1"), Service::EmrServerless);
        Slice {
            job_runs: job_runs.collect(),
            applications,
            scopes: vec![Scope::audited(Region::global(), Service::Sts), emr],
            ..Slice::new(Account::new("aws", id, "ads-production"))
        }
    };
    accounts.map(slice).collect()
}

/// How many jobs a slice has.
fn jobs(slice: &Slice) -> usize {
    let jobs: BTreeSet<_> = slice
        .job_runs
        .iter()
        .map(|run| (&run.application_id, run.job()))
        .collect();
    jobs.len()
}

/// A run of one of two jobs of an application. Every third run of the first sets memory of its own, every
/// seventh of the second has JARs of its own.
fn job_run(application: &Application, turn: usize) -> JobRun {
    let id = format!("00g{turn:013}");
    let mut run = JobRun {
        arn: Arn::from(format!("{}/jobruns/{id}", application.arn)),
        application_id: application.id.clone(),
        release_label: application.release_label.clone(),
        name: format!("{}-{}", application.name, turn % 2),
        id,
        ..JobRun::example()
    };
    if turn.is_multiple_of(6) {
        let memory = [("spark.driver.memory", "8g")];
        run.configuration = vec![Configuration::new("spark-defaults", &memory)];
    } else if turn % 14 == 7
        && let Some(submit) = &mut run.spark_submit
    {
        submit.parameters = Some("--class x.Main --jars s3://b/deps-1.2.3.jar".into());
    }
    run
}

fn application(index: usize, account: &AccountId) -> Application {
    let id = format!("00f{index:013}");
    let mut application = Application {
        arn: Arn::from(format!(
            "arn:aws:emr-serverless:eu-west-1:{account}:/applications/{id}"
        )),
        id,
        ..Application::example()
    };
    let properties = application.runtime_configuration.first_mut();
    let properties = properties.map(|defaults| &mut defaults.properties);
    match (index % 30, properties) {
        (0, _) => application.runtime_configuration.clear(),
        (6, _) => application.release_label = "emr-7.2.0".into(),
        (12, _) => application.tags.clear(),
        (18, Some(properties)) => {
            properties.remove("spark.sql.queryExecutionListeners");
        }
        (24, Some(properties)) => {
            properties.insert("spark.spline.mode".into(), "DISABLED".into());
        }
        _ => {}
    }
    application
}
