//! The machinery of rules: what one is, and the list of all.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::estate::Scope;
use crate::finding::{Remediation, Severity, Verdict};
use crate::policy::Policy;
use crate::{account, application};

/// Declares this file's `RULE`; its doc comment becomes the rule's page in the catalogue.
macro_rules! rule {
    (
        $(#[doc = $doc:literal])+
        $id:literal, $severity:ident, $subject:ident { $check:ident, $fix:ident }
    ) => {
        $(#[doc = $doc])+
        pub(crate) static RULE: crate::Rule = crate::Rule {
            id: $id,
            severity: crate::Severity::$severity,
            doc: concat!($($doc, "\n"),+),
            file: file!(),
            check: crate::Check::$subject { check: $check, fix: $fix },
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
    /// Judges an application by what Spark would make of its configuration.
    Application {
        /// The predicate.
        check: fn(&application::Judged<'_>, &Context<'_>) -> Verdict,
        /// The change; called for a fail or unknown only.
        fix: fn(&application::Judged<'_>, &Context<'_>) -> Remediation,
    },
    /// Judges what came of reading a scope.
    Scope {
        /// The predicate.
        check: fn(&Scope, &Context<'_>) -> Verdict,
        /// The change; called for a fail or unknown only.
        fix: fn(&Scope, &Context<'_>) -> Remediation,
    },
}

impl Check {
    /// The kind of resource, in the reader's words.
    pub fn subject(&self) -> &'static str {
        match self {
            Self::Application { .. } => "application",
            Self::Scope { .. } => "scope",
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
        }
    }
}

/// Every rule, in catalogue order.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [application::RULES, account::RULES]
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
