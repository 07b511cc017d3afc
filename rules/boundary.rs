//! Rules over the roles of all accounts together: who comes to whose role, by which statements.

use std::collections::BTreeSet;

use crate::fault::Fault;
use crate::finding::{Finding, Fingerprint};
use crate::judge::roles::{Found, findings, superseded};
use crate::rule::{Check, Context, Rule, rules};

mod assume_latent_other_team;
mod assume_reaches_other_team;
mod assume_unbounded;
mod reachable;
mod session_tag_spoofable;
mod shared_pivot;
mod trust_admits_foreign_account;
mod trust_admits_other_team;
mod trust_principal_dead;
mod unproven;

pub use crate::graph::{Edges, Estate, Node};

pub(crate) static RULES: &[&Rule] = &[
    &assume_reaches_other_team::RULE,
    &assume_latent_other_team::RULE,
    &assume_unbounded::RULE,
    &trust_admits_other_team::RULE,
    &trust_admits_foreign_account::RULE,
    &trust_principal_dead::RULE,
    &session_tag_spoofable::RULE,
    &reachable::RULE,
    &shared_pivot::RULE,
    &unproven::RULE,
];

/// What the rules over the whole estate find.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EstateJudgement {
    /// What they find.
    pub findings: Vec<Finding>,
    /// Findings on single accounts that these say more exactly: one cause is one finding.
    pub superseded: BTreeSet<Fingerprint>,
}

/// What the rules over the whole estate make of it.
///
/// `is_whole` says that every account of the organization is among `accounts`, whether or not its roles could
/// be read.
pub fn judge_estate(accounts: &[Edges], is_whole: bool, cx: &Context<'_>) -> EstateJudgement {
    let estate = Estate::new(accounts, is_whole, cx);
    let mut found = Vec::new();
    for rule in rules().filter(|rule| cx.policy.severity(rule).is_some()) {
        if let Check::Estate { check } = rule.check {
            let faults: Vec<Fault> = check(&estate, cx);
            found.extend(faults.into_iter().map(|fault| Found { rule, fault }));
        }
    }
    EstateJudgement {
        superseded: superseded(&found),
        findings: findings(found, cx),
    }
}
