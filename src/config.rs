//! `lineward.toml` and the `LINEWARD_*` environment.

mod environment;
mod mistake;
mod pagerduty;
mod secret;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::digest;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lineward_rules::catalogue::{ConfiguredExemption, ConfiguredRules};
use lineward_rules::settings::{
    AgentArtifact, ApprovedImage, OwnAgent, Requirement, RoleScope, Sharing,
};
use lineward_rules::spark::agent::AgentPattern;
use lineward_rules::spark::release::Release;
use lineward_rules::{AccountId, Exemption, Policy, Region};
use schemars::JsonSchema;
use serde::Deserialize;

pub use environment::environment;
pub use mistake::{Mistake, nearest};
pub use pagerduty::{FirstRun, GroupBy, PagerDuty};
pub use secret::{Secret, SecretError, digest, reveal};
pub use value::{account_of, duration_of, region_of, time_limit_of};

/// What an organization tells Lineward.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Which accounts and Regions are walked, and as whom.
    pub organization: Organization,
    /// Accounts that are left out until a day.
    pub exclude_account: Vec<ExcludedAccount>,
    /// How the walk is done.
    pub walk: Walk,
    /// Where the ledger and the reports are kept.
    pub store: Store,
    /// How a resource names its team.
    pub teams: Teams,
    /// The teams.
    pub team: Vec<Team>,
    /// Ways of naming agents, tried before the built-in ones.
    pub agent: Vec<AgentPattern>,
    /// How lineage is to be reported.
    pub lineage: Lineage,
    /// Custom images that are approved.
    pub image: Vec<ApprovedImage>,
    /// EMR releases that are newer than this build, or differ from what it knows.
    pub release: Vec<Release>,
    /// Where incidents go; without it nobody is paged.
    pub pagerduty: Option<PagerDuty>,
    /// What is changed of single rules, by id.
    pub rules: ConfiguredRules,
    /// Findings that somebody accepted.
    pub exemption: Vec<ConfiguredExemption>,
    /// What one team may have of another.
    pub sharing: Vec<Sharing>,
    /// The SHA-256 of what was read: the file, and the variables that change it.
    #[serde(skip)]
    pub sha256: String,
    /// What the rules are to allow, worked out once.
    #[serde(skip)]
    policy: OnceLock<Arc<Policy>>,
}

/// `[organization]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Organization {
    /// The name of the role that is assumed in each member account, `lineward-member` by default.
    #[serde(deserialize_with = "value::role_name")]
    pub role: Option<String>,
    /// The external id that the role's trust policy asks for.
    #[serde(deserialize_with = "value::external_id")]
    pub external_id: Option<String>,
    /// The ARN of a role that may list the organization's accounts, where the caller may not.
    #[serde(deserialize_with = "value::role_arn")]
    pub discovery_role: Option<String>,
    /// The only Regions to walk; without it, those that each account has enabled.
    #[serde(deserialize_with = "value::regions")]
    pub regions: Vec<Region>,
    /// The only accounts to walk; without it, all of the organization.
    #[serde(deserialize_with = "value::accounts")]
    pub accounts: Vec<AccountId>,
    /// Accounts that are left out for good, and listed as skipped; `[[exclude_account]]` says until when and why.
    #[serde(deserialize_with = "value::accounts")]
    pub exclude_accounts: Vec<AccountId>,
    /// How long what is known of an account is kept that the organization lists no longer (`7d`).
    #[serde(deserialize_with = "value::duration")]
    #[schemars(with = "String")]
    pub forget_after: SignedDuration,
}

impl Default for Organization {
    fn default() -> Self {
        Self {
            role: None,
            external_id: None,
            discovery_role: None,
            regions: Vec::new(),
            accounts: Vec::new(),
            exclude_accounts: Vec::new(),
            forget_after: SignedDuration::from_hours(7 * 24),
        }
    }
}

impl Organization {
    /// The name of the role that is assumed in each member account.
    pub fn role_name(&self) -> &str {
        self.role.as_deref().unwrap_or("lineward-member")
    }

    /// Whether a key is set that only makes sense with other accounts than the caller's: whoever sets
    /// one wants to hear that the accounts could not be listed.
    pub fn is_configured(&self) -> bool {
        let keys = [&self.role, &self.external_id, &self.discovery_role];
        keys.iter().any(|key| key.is_some()) || !self.exclude_accounts.is_empty()
    }
}

/// `[[exclude_account]]`: an account that is left out, by a named owner until a day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExcludedAccount {
    /// The account.
    #[serde(deserialize_with = "value::account")]
    pub account: AccountId,
    /// Who answers for it.
    #[serde(deserialize_with = "value::text")]
    pub owner: String,
    /// Why.
    #[serde(deserialize_with = "value::text")]
    pub reason: String,
    /// The last day it holds, in UTC; from then on the account counts as one that could not be entered.
    #[schemars(with = "String")]
    pub expires: Date,
}

impl ExcludedAccount {
    /// Whether it still holds.
    pub fn holds(&self, now: Timestamp) -> bool {
        now.to_zoned(TimeZone::UTC).date() <= self.expires
    }
}

/// `[walk]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Walk {
    /// How many accounts are walked at once.
    #[serde(deserialize_with = "value::at_least_one")]
    pub concurrency: usize,
    /// Whether job runs and sessions are read.
    pub job_runs: bool,
    /// How far back job runs and sessions are read (`24h`).
    #[serde(deserialize_with = "value::duration")]
    #[schemars(with = "String")]
    pub job_run_window: SignedDuration,
    /// The most job runs that are read of one application; what lies beyond is a gap.
    #[serde(deserialize_with = "value::at_least_one")]
    pub max_job_runs: usize,
    /// How long one call may take, all its attempts together (`30s`).
    #[serde(deserialize_with = "value::time_limit")]
    #[schemars(with = "String")]
    pub call_timeout: SignedDuration,
    /// How long the walk of one account may take; what is left then is a gap (`10m`).
    #[serde(deserialize_with = "value::time_limit")]
    #[schemars(with = "String")]
    pub account_timeout: SignedDuration,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            concurrency: 48,
            job_runs: true,
            job_run_window: SignedDuration::from_hours(24),
            max_job_runs: 1_000,
            call_timeout: SignedDuration::from_secs(30),
            account_timeout: SignedDuration::from_mins(10),
        }
    }
}

/// `[store]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// A folder, as `file:PATH`, or a bucket, as `s3://BUCKET/PREFIX`.
    pub url: String,
    /// How long reports, history and shards are kept (`400d`), those of open findings excepted; for ever without it.
    #[serde(deserialize_with = "value::some_time")]
    #[schemars(with = "Option<String>")]
    pub keep: Option<SignedDuration>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            url: "file:./lineward-data".into(),
            keep: None,
        }
    }
}

/// `[teams]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Teams {
    /// The tag key that names a resource's team, `Team` by default.
    #[serde(deserialize_with = "value::tag_key")]
    pub tag: Option<String>,
    /// Which roles are judged: `boundary` (the default) or `all`.
    pub scope: RoleScope,
    /// Whether rights to re-tag and to rewrite policies and trust count as steps of a path between teams.
    pub tampering: bool,
    /// Teams whose roles and policies serve all others, such as the platform's.
    pub shared: Vec<String>,
    /// Whether a tag `lineward:exempt=<rule>:<last day>:<reason>` on a resource accepts findings on it.
    pub exemption_tags: bool,
}

/// `[lineage]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Lineage {
    /// The agent that Spark jobs must report their lineage by: `spline` (the default), `openlineage`,
    /// `datahub` or `any`.
    pub require: Requirement,
    /// The organization's own agent, which remedies put in: a path or a Maven coordinate with places for
    /// `{release}`, `{spark}`, `{scala}` and `{version}`, such as `s3://bucket/agents/spline-{release}.jar`.
    pub agent_jar: Option<AgentArtifact>,
    /// The properties of `spark-defaults` that it needs, which remedies set.
    pub set: BTreeMap<String, String>,
}

/// `[[team]]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// The value of the team tag, to the letter.
    pub name: String,
    /// The accounts that are this team's: what carries no team tag there is routed to it.
    #[serde(default, deserialize_with = "value::accounts")]
    pub accounts: Vec<AccountId>,
    /// Where this team is paged.
    #[serde(default)]
    pub routing_key: Option<Secret>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file was asked for by a name that says nothing.
    #[error("the configuration's name is empty: LINEWARD_CONFIG or --config must name a file")]
    NoName,
    /// The file or the environment says something that isn't allowed.
    #[error("{}", mistake::lines(.0))]
    Mistakes(Vec<Mistake>),
}

impl Config {
    /// Reads `path`, or `lineward.toml` in the working folder if it is there, and then the
    /// environment, which wins.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        if path.is_some_and(|path| path.to_string_lossy().trim().is_empty()) {
            return Err(ConfigError::NoName);
        }
        let default = Path::new("lineward.toml");
        let path = path.or_else(|| default.exists().then_some(default));
        let text = match path {
            Some(path) => std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
                path: path.to_owned(),
                source,
            })?,
            None => String::new(),
        };
        Self::parse(path.unwrap_or(default), &text, environment)
    }

    /// Reads the text of a configuration, which `name` calls in errors, and then the environment.
    pub fn read(
        name: &str,
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::parse(Path::new(name), text, environment)
    }

    fn parse(
        path: &Path,
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let (config, table, mut mistakes) = mistake::read(path, text);
        let variables = environment::ours(environment);
        let sha256 = sha256(text, &variables);
        let config = environment::overlay(config, table, variables, &mut mistakes);
        let config = Self { sha256, ..config };
        if mistakes.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::Mistakes(mistakes))
        }
    }

    /// What the rules are to allow; worked out when it is first asked for.
    pub fn policy(&self) -> Arc<Policy> {
        let policy = self.policy.get_or_init(|| Arc::new(self.settings()));
        Arc::clone(policy)
    }

    fn settings(&self) -> Policy {
        let mut policy = Policy::default();
        if let Some(tag) = &self.teams.tag {
            policy.team_tag.clone_from(tag);
        }
        policy.teams = self
            .team
            .iter()
            .map(|team| team.name.clone())
            .collect::<BTreeSet<_>>();
        policy.releases.extend(self.release.iter().cloned());
        policy.agents.splice(..0, self.agent.iter().cloned());
        policy.require = self.lineage.require;
        policy.own_agent = OwnAgent {
            artifact: self.lineage.agent_jar.clone(),
            set: self.lineage.set.clone(),
        };
        policy.images.clone_from(&self.image);
        policy.rules.clone_from(&self.rules.0);
        policy.exemptions = self.exemption.iter().map(Exemption::from).collect();
        policy.exemption_tags = self.teams.exemption_tags;
        policy
            .shared_teams
            .extend(self.teams.shared.iter().cloned());
        policy.role_scope = self.teams.scope;
        policy.tampering = self.teams.tampering;
        policy.sharing.clone_from(&self.sharing);
        policy
    }
}

/// The SHA-256 of a configuration: the same text and variables give the same.
fn sha256(text: &str, variables: &[(String, String)]) -> String {
    let variables = variables
        .iter()
        .flat_map(|(name, value)| [&b"\0"[..], name.as_bytes(), b"\0", value.as_bytes()]);
    digest::sha256(std::iter::once(text.as_bytes()).chain(variables))
}

/// The place of the first team whose name another before it has, and what is wrong with that: AWS tells tag
/// values apart by case, but nobody who reads them does.
fn twin(teams: &[Team]) -> Option<(usize, String)> {
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    teams.iter().enumerate().find_map(|(index, team)| {
        let before = names.insert(team.name.trim().to_lowercase(), &team.name)?;
        let message = if before == team.name {
            format!("team `{before}` is there twice")
        } else {
            format!(
                "team `{}` differs from team `{before}` by case alone",
                team.name
            )
        };
        Some((index, message))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(Path::new("lineward.toml"), text, []).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        let config = parse("").unwrap();
        assert_eq!(config.walk, Walk::default());
        assert_eq!(config.organization.role_name(), "lineward-member");
        assert!(config.pagerduty.is_none());
    }

    #[test]
    fn errors_point_at_the_line_and_say_what_is_allowed() {
        let cases = [
            (
                "[walk]\nspeed = 3",
                "lineward.toml:2:1: unknown field `speed`, expected one of",
            ),
            (
                "[walk]\nconcurrency = 'x'",
                "lineward.toml:2:15: invalid type: string",
            ),
            (
                "[walk]\nconcurrency = 0",
                "lineward.toml:2:15: must be at least 1",
            ),
            (
                "[walk]\njob_run_window = '1 fortnight'",
                "lineward.toml:2:18: ",
            ),
            (
                "[rules.spline-agent-asleep]\nenabled = false",
                "unknown rule `spline-agent-asleep`, expected one of `",
            ),
            (
                "[rules.application-idle-timeout-long]\nhours = 1",
                "lineward.toml:2:1: unknown field `hours`, expected one of `severity`, `enabled`, `minutes`",
            ),
            (
                "[[exemption]]\nrule = 'spline-disabled'\nresource = 'app'\nowner = 'a'\nreason = 'b'\nexpires = '2027-01-01'",
                "lineward.toml:3:12: malformed ARN `app`",
            ),
            (
                "[[exemption]]\nrule = 'spline-disabled'\nresource = 'arn:aws:iam::111122223333:root'\nowner = ' '\nreason = 'b'\nexpires = '2027-01-01'",
                "lineward.toml:4:9: must say something",
            ),
            (
                "[organization]\naccounts = ['12']",
                "lineward.toml:2:12: `12` is not an account id",
            ),
            (
                "[organization]\nrole = 'arn:aws:iam::111122223333:role/x'",
                "lineward.toml:2:8: `arn:aws:iam::111122223333:role/x` is not a role name",
            ),
            (
                "[organization]\ndiscovery_role = 'x'",
                "lineward.toml:2:18: malformed ARN `x`",
            ),
            (
                "[walk]\ncall_timeout = '0s'",
                "lineward.toml:2:16: must be longer than nothing",
            ),
            (
                "[pagerduty]\nendpoint = 'events.pagerduty.com'",
                "lineward.toml:2:12: `events.pagerduty.com` is no URL, expected `https://…`",
            ),
            (
                "[organization]\nregions = ['Ireland']",
                "`Ireland` is no Region",
            ),
            ("[organization", "lineward.toml:1:"),
        ];
        for (text, expected) in cases {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn an_error_does_not_quote_the_line_that_may_hold_a_key() {
        let error =
            parse("[pagerduty]\nroutingkey = 'R012345678901234567890123456789A'").unwrap_err();
        assert!(!error.contains("R0123"), "{error}");
        for misplaced in [
            "rules = 'R012345678901234567890123456789A'",
            "rules = { R012345678901234567890123456789A = 'spline-disabled' }",
        ] {
            let error = parse(&format!("[pagerduty]\n{misplaced}")).unwrap_err();
            assert!(!error.contains("R0123"), "{error}");
        }
        assert!(
            !format!("{:?}", parse("[pagerduty]\nrouting_key = 'R0123'").unwrap())
                .contains("R0123")
        );
    }

    #[test]
    fn own_agents_are_tried_before_the_built_in_ones_and_releases_are_added() {
        let config = parse(
            "[[agent]]\nname = 'own'\npattern = '^line-(?<release>.+)\\.jar$'\n\
             [[release]]\nlabel = 'emr-7.99.0'\nspark = '3.5.9'\nscala = '2.12'",
        );
        let policy = config.unwrap().policy();
        let built_in = Policy::default().agents.len();
        assert_eq!(policy.agents.len(), built_in + 1);
        let own = lineward_rules::spark::agent::Agents::find(["line-7.1.0.jar"], &policy.agents);
        assert_eq!(own.recognised[0].release, Some("7.1.0"));
        assert!(policy.releases.find("emr-7.99.0").is_some());
        assert!(policy.releases.find("emr-7.1.0").is_some());
    }
}
