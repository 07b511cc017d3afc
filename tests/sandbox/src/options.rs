//! What to simulate, and how badly it behaves: the flags of `sandbox`.

use jiff::Timestamp;

use crate::lie::Lie;

/// How an endpoint answers that has never heard of interactive sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SessionsUnknown {
    /// 404 with `UnknownOperationException`, as a service's own front end does.
    UnknownOperation,
    /// 404 with a page of HTML, as a proxy does.
    Html,
}

/// What to simulate, and how badly it behaves.
#[derive(Clone, Debug, PartialEq, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Options {
    /// Seed of everything that is made up
    #[arg(long, default_value_t = Options::default().seed)]
    pub seed: u64,
    /// Accounts in the organization, the management account and the auditor's own among them
    #[arg(long, default_value_t = Options::default().accounts)]
    pub accounts: usize,
    /// Regions with applications
    #[arg(long, value_delimiter = ',', default_values_t = Options::default().regions)]
    pub regions: Vec<String>,
    /// Applications that can be read; each account or Region that can't has one more
    #[arg(long, default_value_t = Options::default().applications)]
    pub applications: usize,
    /// Job runs of each application in the last 24 hours
    #[arg(long, default_value_t = Options::default().job_runs)]
    pub job_runs: usize,
    /// Sessions of each application that has them enabled
    #[arg(long, default_value_t = Options::default().sessions)]
    pub sessions: usize,
    /// The time that everything was made relative to (default: the real time)
    #[arg(long)]
    pub now: Option<Timestamp>,
    /// Accounts whose role can't be assumed
    #[arg(long, default_value_t = Options::default().denied)]
    pub denied: usize,
    /// Suspended accounts
    #[arg(long, default_value_t = Options::default().suspended)]
    pub suspended: usize,
    /// Accounts whose `AssumeRole` is never answered
    #[arg(long, default_value_t = Options::default().hanging)]
    pub hanging: usize,
    /// Scopes that refuse: a Region by service control policy, `ListApplications`, IAM, and so on
    #[arg(long, default_value_t = Options::default().refused_scopes)]
    pub refused_scopes: usize,

    /// Milliseconds before each answer of AWS and `PagerDuty`
    #[arg(long, default_value_t = Options::default().latency_ms)]
    pub latency_ms: u64,
    /// No page of AWS holds more than this
    #[arg(long)]
    pub page_size: Option<usize>,
    /// Enforce the documented quotas of each account, Region and operation
    #[arg(long)]
    pub quotas: bool,
    /// Share of AWS calls, from 0 to 1, that end in a server error
    #[arg(long, default_value_t = Options::default().error_rate)]
    pub error_rate: f64,
    /// The external id that each role demands
    #[arg(long)]
    pub external_id: Option<String>,
    /// Name of the role in each account
    #[arg(long, default_value_t = Options::default().role)]
    pub role: String,
    /// Name of a second role, which exists in the management account alone
    #[arg(long, default_value_t = Options::default().discovery_role)]
    pub discovery_role: String,
    /// Answer session paths as an endpoint that doesn't know them
    #[arg(long, value_enum)]
    pub sessions_unknown: Option<SessionsUnknown>,
    /// Refuse Organizations to everybody
    #[arg(long)]
    pub organizations_denied: bool,
    /// Say that there is no organization
    #[arg(long)]
    pub organizations_not_in_use: bool,
    /// Refuse `ListRegions`
    #[arg(long)]
    pub list_regions_denied: bool,
    /// What each refusal ends in, as AWS repeats what it was given
    #[arg(long)]
    pub refusal_note: Option<String>,
    /// An operation that lies: `ListAccounts=repeated-token`; may be repeated
    #[arg(long = "lie", value_name = "OPERATION=KIND")]
    pub lies: Vec<Lie>,
    /// Events that `PagerDuty` takes in 60 seconds for one routing key
    #[arg(long, default_value_t = Options::default().pagerduty_rate)]
    pub pagerduty_rate: usize,
    /// Keep each AWS request for `GET /_sandbox/requests`
    #[arg(long)]
    pub record: bool,
    /// Port on 127.0.0.1, or 0 for a free one
    #[arg(long, default_value_t = Options::default().port)]
    pub port: u16,
}

impl Default for Options {
    /// The organization of the demo.
    fn default() -> Self {
        Self {
            seed: 1,
            accounts: 12,
            regions: vec!["us-east-1".into(), "eu-west-1".into()],
            applications: 40,
            job_runs: 2,
            sessions: 2,
            now: None,
            denied: 1,
            suspended: 1,
            hanging: 0,
            refused_scopes: 0,
            latency_ms: 0,
            page_size: None,
            quotas: false,
            error_rate: 0.0,
            external_id: None,
            role: "lineward-member".into(),
            discovery_role: "lineward-discovery".into(),
            sessions_unknown: None,
            organizations_denied: false,
            organizations_not_in_use: false,
            list_regions_denied: false,
            refusal_note: None,
            lies: Vec::new(),
            pagerduty_rate: 120,
            record: false,
            port: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn no_flags_give_the_defaults() {
        assert_eq!(Flags::parse_from(["sandbox"]).options, Options::default());
    }

    #[test]
    fn regions_may_be_given_as_one_list() {
        let flags = Flags::parse_from(["sandbox", "--regions", "eu-west-1,eu-south-1"]);
        assert_eq!(flags.options.regions, ["eu-west-1", "eu-south-1"]);
    }
}
