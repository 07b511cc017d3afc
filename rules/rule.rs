//! The machinery of rules: what one is, and the list of all.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::boundary::Estate;
use crate::estate::{ManagedPolicy, Scope};
use crate::exemption::Exemption;
use crate::fault::Fault;
use crate::finding::{Remediation, Severity, Verdict};
use crate::iam::{Holder, Inventory};
use crate::lineage::Setup;
use crate::policy::Policy;
use crate::statement::Stated;
use crate::{
    account, application, boundary, configuration, exemption, job_run, passrole, role, session,
    statement, trust,
};

/// Declares this file's `RULE`; its doc comment becomes the rule's page in the catalogue.
macro_rules! rule {
    (
        $(#[doc = $doc:literal])+
        $id:literal, $severity:ident, $subject:ident { $($function:ident),+ }
    ) => {
        $(#[doc = $doc])+
        pub(crate) static RULE: crate::Rule = crate::Rule {
            id: $id,
            severity: crate::Severity::$severity,
            doc: concat!($($doc, "\n"),+),
            file: file!(),
            check: crate::Check::$subject { $($function),+ },
        };
    };
}
pub(crate) use rule;

/// A named check on one kind of resource.
#[derive(Debug)]
pub struct Rule {
    /// Subject and fault, such as `spline-agent-missing`.
    pub id: &'static str,
    /// How bad the fault is, unless the policy says otherwise.
    pub severity: Severity,
    /// Its page: the first line is its title.
    pub doc: &'static str,
    /// The file it lives in.
    pub file: &'static str,
    /// What it judges.
    pub check: Check,
}

impl Rule {
    /// The rule of this id.
    pub fn find(id: &str) -> Option<&'static Self> {
        rules().find(|rule| rule.id == id)
    }

    /// The first line of the page.
    pub fn title(&self) -> &'static str {
        self.doc.lines().next().unwrap_or_default().trim()
    }

    /// The page below its title, without the comment's leading blanks.
    pub fn page(&self) -> String {
        let lines = self
            .doc
            .lines()
            .skip(1)
            .map(|line| line.strip_prefix(' ').unwrap_or(line));
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    }
}

/// A rule's predicate and the change that mends what it finds, by the kind of resource.
#[derive(Debug)]
pub enum Check {
    /// Judges whether a configuration reports lineage: an application's, and by
    /// `job-run-drops-lineage` and `session-drops-lineage` that of runs and sessions.
    Lineage {
        /// The predicate.
        check: for<'a> fn(&Setup<'a>, &Context<'_>) -> Verdict,
        /// The change of the application.
        fix: for<'a> fn(&application::Judged<'a>, &Context<'_>) -> Remediation,
    },
    /// Judges an application.
    Application {
        /// The predicate.
        check: for<'a> fn(&application::Judged<'a>, &Context<'_>) -> Verdict,
        /// The change.
        fix: for<'a> fn(&application::Judged<'a>, &Context<'_>) -> Remediation,
    },
    /// Judges the latest run of each job.
    JobRun {
        /// The predicate.
        check: for<'a> fn(&job_run::Ran<'a>, &Context<'a>) -> Verdict,
        /// The change.
        fix: for<'a> fn(&job_run::Ran<'a>, &Context<'a>) -> Remediation,
        /// Which of the rule's causes it is, where there are several.
        cause: for<'a> fn(&job_run::Ran<'a>, &Context<'a>) -> &'static str,
    },
    /// Judges the latest session of each name.
    Session {
        /// The predicate.
        check: for<'a> fn(&session::Opened<'a>, &Context<'a>) -> Verdict,
        /// The change.
        fix: for<'a> fn(&session::Opened<'a>, &Context<'a>) -> Remediation,
        /// Which of the rule's causes it is, where there are several.
        cause: for<'a> fn(&session::Opened<'a>, &Context<'a>) -> &'static str,
    },
    /// Judges what an application, the latest run of each job, and the latest session of each name are
    /// configured with.
    Configuration {
        /// The predicate.
        check: for<'a> fn(&configuration::Configured<'a>, &Context<'_>) -> Verdict,
        /// The change.
        fix: for<'a> fn(&configuration::Configured<'a>, &Context<'_>) -> Remediation,
    },
    /// Judges a role with all its policies.
    Role {
        /// The predicate, with the change that mends each fault.
        check: fn(&Holder<'_>, &Inventory<'_>, &Context<'_>) -> Vec<Fault>,
    },
    /// Judges a statement of a policy that a role holds, or of its trust policy.
    Statement {
        /// The predicate, with the change that mends the fault.
        check: fn(&Stated<'_>, &Context<'_>) -> Option<Fault>,
    },
    /// Judges a managed policy of the account that a role in scope holds.
    ManagedPolicy {
        /// The predicate, with the change that mends the fault.
        check: fn(&ManagedPolicy, &Inventory<'_>, &Context<'_>) -> Option<Fault>,
    },
    /// Judges the roles of all accounts together.
    Estate {
        /// The predicate, with the change that mends each fault.
        check: fn(&Estate<'_>, &Context<'_>) -> Vec<Fault>,
    },
    /// Judges an exemption.
    Exemption {
        /// The predicate.
        check: fn(&Exemption, &Context<'_>) -> Verdict,
    },
    /// Judges what came of reading a scope.
    Scope {
        /// The predicate.
        check: fn(&Scope, &Context<'_>) -> Verdict,
        /// The change.
        fix: fn(&Scope, &Context<'_>) -> Remediation,
    },
}

impl Check {
    /// The kind of resource, in the reader's words.
    pub fn subject(&self) -> &'static str {
        match self {
            Self::Lineage { .. } | Self::Application { .. } => "each application",
            Self::JobRun { .. } => "the latest run of each job",
            Self::Session { .. } => "the latest session of each name",
            Self::Configuration { .. } => "each application, job and session",
            Self::Role { .. } => "each role in scope",
            Self::Statement { .. } => "each statement of the policies of roles in scope",
            Self::ManagedPolicy { .. } => "each customer managed policy of roles in scope",
            Self::Estate { .. } => "the roles of all accounts together",
            Self::Exemption { .. } => "each exemption",
            Self::Scope { .. } => "each scope",
        }
    }
}

/// What a check may know besides the resource.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// When the estate was read: the only clock that rules have.
    pub now: Timestamp,
    /// What is allowed.
    pub policy: &'a Policy,
    /// The id of the organization (`o-…`), where it is known.
    pub organization: Option<&'a str>,
}

impl Context<'static> {
    /// The default policy at the epoch, with the teams `ads` and `billing`, for tests.
    #[cfg(test)]
    pub(crate) fn example() -> Self {
        static POLICY: std::sync::LazyLock<Policy> = std::sync::LazyLock::new(|| {
            let mut policy = Policy::default();
            policy
                .teams
                .extend(["ads".to_owned(), "billing".to_owned()]);
            policy
        });
        Self {
            now: Timestamp::UNIX_EPOCH,
            policy: &POLICY,
            organization: None,
        }
    }
}

/// Every rule, in catalogue order.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        application::RULES,
        job_run::RULES,
        session::RULES,
        configuration::RULES,
        role::RULES,
        passrole::RULES,
        statement::RULES,
        trust::RULES,
        boundary::RULES,
        account::RULES,
        exemption::RULES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The id of a rule that exists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct RuleId(String);

impl RuleId {
    /// The id, if a rule has it.
    pub fn known(id: &str) -> Option<Self> {
        Rule::find(id).map(Self::of)
    }

    /// The id of this rule.
    pub fn of(rule: &Rule) -> Self {
        Self(rule.id.to_owned())
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for RuleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        Self::known(&id).ok_or_else(|| {
            let known: Vec<_> = rules().map(|rule| format!("`{}`", rule.id)).collect();
            D::Error::custom(format!(
                "unknown rule `{id}`, expected one of {}",
                known.join(", ")
            ))
        })
    }
}
