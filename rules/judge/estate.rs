//! Rules over the roles of all accounts together: who comes to whose role, by which statements.

use std::collections::BTreeSet;

use crate::catalogue::rules;
use crate::estate::Arn;
use crate::finding::{Finding, Fingerprint};
use crate::judge::roles::{RuleFault, findings, superseded};
use crate::settings::Context;
use crate::subject::rule::Check;

use crate::graph::{Edges, Estate};

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
    for rule in rules().filter(|rule| rule.severity_in(cx.policy).is_some()) {
        if let Check::Estate { check } = rule.check {
            // Each names its resource; what did not would be the organization's.
            let organization = Arn::from("arn:aws:organizations:::organization");
            found.extend(RuleFault::all(rule, &organization, check(&estate, cx)));
        }
    }
    EstateJudgement {
        superseded: superseded(&found),
        findings: findings(found, cx),
    }
}
