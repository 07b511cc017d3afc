//! Judging from memory: what the rules cost without a network.

use std::hint::black_box;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use lineward_rules::estate::{Scope, Service};
use lineward_rules::{
    Account, AccountId, Application, Arn, Check, Context, Policy, Region, Slice, judge, rules,
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
    /// How often it is measured; the quickest counts.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

impl Judge {
    /// Judges on this thread alone.
    pub(crate) fn run(&self) -> Result<String> {
        let slices = slices(self.applications);
        let mut policy = Policy::default();
        policy.teams.insert("ads".into());
        let cx = Context {
            now: Timestamp::UNIX_EPOCH,
            policy: &policy,
        };
        let mut findings = 0;
        let (mut judged, mut written) = (Duration::MAX, Duration::MAX);
        for _ in 0..self.rounds {
            let started = Instant::now();
            findings = slices.iter().map(|slice| judge(slice, &cx).len()).sum();
            judged = judged.min(started.elapsed());
            let started = Instant::now();
            for slice in &slices {
                black_box(serde_json::to_vec(slice)?);
            }
            written = written.min(started.elapsed());
        }
        let resources = slices
            .iter()
            .map(|it| it.applications.len() + it.scopes.len());
        let resources: usize = resources.sum();
        let checks: usize = slices.iter().map(checks).sum();
        Ok(format!(
            "{} applications in {} accounts on one core, best of {}\n\n\
             {:>10} resources a second ({resources} in {:.2} s, {findings} findings)\n\
             {:>10} rule checks a second ({checks})\n\
             {:>10.2} times what it takes to write them as JSON",
            self.applications,
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
        Check::Application { .. } => slice.applications.len(),
        Check::Scope { .. } => slice.scopes.len(),
    };
    rules().map(|rule| subjects(&rule.check)).sum()
}

/// Accounts with so many applications in all, one in six of them faulty.
fn slices(applications: usize) -> Vec<Slice> {
    let indices: Vec<_> = (0..applications).collect();
    let accounts = indices.chunks(IN_AN_ACCOUNT).enumerate();
    let slice = |(number, indices): (usize, &[usize])| {
        let id = AccountId::from(format!("{:012}", 100_000_000_000 + number));
        let applications = indices.iter().map(|&index| application(index, &id));
        let emr = Scope::audited(Region::from("eu-west-1"), Service::EmrServerless);
        Slice {
            applications: applications.collect(),
            scopes: vec![Scope::audited(Region::global(), Service::Sts), emr],
            ..Slice::new(Account::new("aws", id, "ads-production"))
        }
    };
    accounts.map(slice).collect()
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
