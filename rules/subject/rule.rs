//! What a rule is.

use crate::estate::Scope;
use crate::finding::{Fault, Severity};
use crate::graph::Estate;
use crate::lineage::{Concerns, JudgedKeys, Setup};
use crate::settings::{Context, Exemption, Parameters, Policy};
use crate::subject::role::{ManagedPolicySubject, RoleSubject};
use crate::subject::{application, configuration, job_run, session, statement};

/// Declares this file's `RULE`; its doc comment becomes the rule's page in the catalogue.
macro_rules! rule {
    (@parameters) => { crate::settings::Parameters::None };
    (@parameters $parameters:ident) => { crate::settings::Parameters::$parameters };
    (@reads) => { crate::subject::rule::Reads::Subject };
    (@reads $reads:ident) => { crate::subject::rule::Reads::$reads };
    (@judges_by) => { crate::lineage::JudgedKeys::Agents };
    (@judges_by $keys:ident) => { crate::lineage::JudgedKeys::$keys };
    (@concerns) => { crate::lineage::Concerns::Lineage };
    (@concerns $concerns:ident) => { crate::lineage::Concerns::$concerns };
    (@costs_lineage) => { |_, _| true };
    (@costs_lineage $predicate:ident) => { $predicate };
    (@tells) => { crate::subject::rule::Tells::Fact };
    (@tells $tells:ident) => { crate::subject::rule::Tells::$tells };
    (
        $(#[doc = $doc:literal])+
        $id:literal, $severity:ident, $subject:ident { $($function:ident),+ }
        $(, parameters: $parameters:ident)?
        $(, reads: $reads:ident)?
        $(, judges_by: $keys:ident)?
        $(, concerns: $concerns:ident)?
        $(, costs_lineage: $costs:ident)?
        $(, tells: $tells:ident)?
        $(, yields_to: [$($room:ident :: $exact:ident),+ $(,)?])?
        $(,)?
    ) => {
        $(#[doc = $doc])+
        pub(crate) static RULE: crate::subject::rule::Rule = crate::subject::rule::Rule {
            id: $id,
            severity: crate::finding::Severity::$severity,
            doc: concat!($($doc, "\n"),+),
            file: file!(),
            check: crate::subject::rule::Check::$subject { $($function),+ },
            parameters: crate::subject::rule::rule!(@parameters $($parameters)?),
            reads: crate::subject::rule::rule!(@reads $($reads)?),
            judges_by: crate::subject::rule::rule!(@judges_by $($keys)?),
            concerns: crate::subject::rule::rule!(@concerns $($concerns)?),
            costs_lineage: crate::subject::rule::rule!(@costs_lineage $($costs)?),
            tells: crate::subject::rule::rule!(@tells $($tells)?),
            // Seen from the rule: it is two below the catalogue, which this room doesn't know.
            yields_to: &[$($(&super::super::$room::$exact::RULE),+)?],
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
    /// What can be set of it beside its severity.
    pub parameters: Parameters,
    /// What it reads.
    pub reads: Reads,
    /// By which properties a rule on lineage judges.
    pub judges_by: JudgedKeys,
    /// What a rule on lineage is about.
    pub concerns: Concerns,
    /// Whether what a rule on lineage fails for costs lineage, or only breaks what an organization asks for
    /// beside it.
    pub costs_lineage: for<'a> fn(&Setup<'a>, &Context<'_>) -> bool,
    /// What it says of a statement.
    pub tells: Tells,
    /// Rules that say the same of a statement, and more exactly: where one of them speaks, this one is silent.
    pub yields_to: &'static [&'static Self],
}

/// What a rule says of a statement: one statement with one fault is one finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    /// Something that stands for itself.
    Fact,
    /// What the statement lets somebody do.
    Effect,
    /// What the statement lets a role of one team do to another: never part of another finding.
    Crossing,
    /// That the statement lets somebody do everything: it tells what else the statement lets do.
    Administrator,
    /// How the statement is written. It is silent where an effect of the statement is told.
    Form,
}

/// What a rule on a job run reads: its findings hang on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The job run with its application.
    Subject,
    /// The roles of the account, too.
    Roles,
}

impl Rule {
    /// Whether another rule's finding on the same statement says what this one's would, and more exactly.
    pub fn yields(&self, to: &Self) -> bool {
        let is_named = self.yields_to.iter().any(|exact| exact.id == to.id);
        let is_effect = !matches!(to.tells, Tells::Fact | Tells::Form);
        is_named || self.tells == Tells::Form && is_effect
    }

    /// How bad its fault is here, or nothing where the rule is switched off.
    pub fn severity_in(&self, policy: &Policy) -> Option<Severity> {
        policy.severity(self.id, self.severity)
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
        /// The predicate, with the change of the application that mends each fault.
        check: for<'a> fn(&Setup<'a>, &Context<'_>) -> Vec<Fault>,
    },
    /// Judges an application.
    Application {
        /// The predicate, with the change that mends each fault.
        check: for<'a> fn(&application::ApplicationSubject<'a>, &Context<'_>) -> Vec<Fault>,
    },
    /// Judges the latest run of each job.
    JobRun {
        /// The predicate, with the change that mends each fault.
        check: for<'a> fn(&job_run::JobRunSubject<'a>, &Context<'a>) -> Vec<Fault>,
    },
    /// Judges the latest session of each name.
    Session {
        /// The predicate, with the change that mends each fault.
        check: for<'a> fn(&session::SessionSubject<'a>, &Context<'a>) -> Vec<Fault>,
    },
    /// Judges what an application, the latest run of each job, and the latest session of each name are
    /// configured with.
    Configuration {
        /// The predicate, with the change that mends each fault.
        check: for<'a> fn(&configuration::ConfigurationSubject<'a>, &Context<'_>) -> Vec<Fault>,
    },
    /// Judges a role with all its policies.
    Role {
        /// The predicate, with the change that mends each fault.
        check: fn(&RoleSubject<'_>, &Context<'_>) -> Vec<Fault>,
    },
    /// Judges a statement of a policy that a role holds, or of its trust policy.
    Statement {
        /// The predicate, with the change that mends the fault.
        check: fn(&statement::StatementSubject<'_>, &Context<'_>) -> Vec<Fault>,
    },
    /// Judges a managed policy of the account that a role in scope holds.
    ManagedPolicy {
        /// The predicate, with the change that mends the fault.
        check: fn(&ManagedPolicySubject<'_>, &Context<'_>) -> Vec<Fault>,
    },
    /// Judges the roles of all accounts together.
    Estate {
        /// The predicate, with the change that mends each fault.
        check: fn(&Estate<'_>, &Context<'_>) -> Vec<Fault>,
    },
    /// Judges an exemption.
    Exemption {
        /// The predicate.
        check: fn(&Exemption, &Context<'_>) -> Vec<Fault>,
    },
    /// Judges what came of reading a scope.
    Scope {
        /// The predicate.
        check: fn(&Scope, &Context<'_>) -> Vec<Fault>,
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

/// What the tests of rules have in common.
#[cfg(test)]
pub(crate) mod bench {
    use crate::finding::{Fault, Verdict};

    /// The verdict of the only fault, if there is one.
    pub(crate) fn verdict(faults: Vec<Fault>) -> Verdict {
        assert!(faults.len() < 2, "{faults:?}");
        let first = faults.into_iter().next();
        first.map_or(Verdict::Pass, |fault| fault.verdict)
    }
}
