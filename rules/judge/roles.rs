//! Asks the rules on roles, policies and statements about an account.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::rules;
use crate::estate::{Arn, ManagedPolicy};
use crate::finding::{Fault, Finding, Fingerprint, RuleId};
use crate::iam::Inventory;
use crate::judge::subject::Subject;
use crate::settings::Context;
use crate::subject::role::{ManagedPolicySubject, RoleSubject};
use crate::subject::rule::{Check, Rule, Tells};
use crate::subject::statement::StatementSubject;

/// A fault, what is to blame, and the rule that found it.
pub(crate) struct RuleFault {
    rule: &'static Rule,
    resource: Arn,
    fault: Fault,
}

impl RuleFault {
    /// The faults that a rule found in a resource, or in what they name.
    pub(super) fn all(
        rule: &'static Rule,
        resource: &Arn,
        faults: Vec<Fault>,
    ) -> impl Iterator<Item = Self> {
        faults.into_iter().map(move |fault| Self {
            rule,
            resource: fault.resource.clone().unwrap_or_else(|| resource.clone()),
            fault,
        })
    }
}

/// What the rules on single roles find in an account.
pub(super) fn of_account(inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<RuleFault> {
    let mut found = Vec::new();
    for rule in rules().filter(|rule| rule.severity_in(cx.policy).is_some()) {
        match rule.check {
            Check::Role { check } => {
                for holder in &inventory.roles {
                    let faults = check(&RoleSubject { holder, inventory }, cx);
                    found.extend(RuleFault::all(rule, &holder.role.arn, faults));
                }
            }
            Check::ManagedPolicy { check } => {
                for policy in inventory.policies.iter().filter(|policy| is_own(policy)) {
                    let faults = check(&ManagedPolicySubject { policy, inventory }, cx);
                    found.extend(RuleFault::all(rule, &policy.arn, faults));
                }
            }
            Check::Statement { check } => {
                for stated in StatementSubject::all(inventory) {
                    let faults = check(&stated, cx);
                    found.extend(RuleFault::all(rule, &stated.holder.role.arn, faults));
                }
            }
            Check::Lineage { .. }
            | Check::Application { .. }
            | Check::JobRun { .. }
            | Check::Session { .. }
            | Check::Configuration { .. }
            | Check::Estate { .. }
            | Check::Exemption { .. }
            | Check::Scope { .. } => {}
        }
    }
    found
}

fn is_own(policy: &ManagedPolicy) -> bool {
    policy.arn.account() != "aws"
}

/// What single faults come to: one cause is one finding, whoever holds the policy.
pub(crate) fn findings(found: Vec<RuleFault>, cx: &Context<'_>) -> Vec<Finding> {
    let mut merged: BTreeMap<Fingerprint, (Finding, usize)> = BTreeMap::new();
    for RuleFault {
        rule,
        resource,
        fault,
    } in without_consequences(found)
    {
        let read_from = fault.read_from.clone();
        let Some(finding) = Subject::blamed(&resource).finding(rule, fault, cx) else {
            continue;
        };
        merged
            .entry(finding.fingerprint.clone())
            .and_modify(|(first, others)| {
                *others += 1;
                first.read_from.extend(read_from);
            })
            .or_insert((finding, 0));
    }
    merged
        .into_values()
        .map(|(mut finding, others)| {
            if others > 0 {
                finding.evidence = format!("{} (and {others} more)", finding.evidence);
            }
            finding
        })
        .collect()
}

/// The findings on single accounts that these say more exactly.
pub(crate) fn superseded(found: &[RuleFault]) -> BTreeSet<Fingerprint> {
    let said = found.iter().flat_map(|it| {
        let forms = rules().filter(|form| form.yields(it.rule));
        forms.map(|form| Fingerprint::new(&RuleId::from(form.id), &it.resource, &it.fault.part))
    });
    said.collect()
}

/// Leaves out what another finding on the same statement says already: the form where the effect was found,
/// and what an administrator may do besides.
fn without_consequences(found: Vec<RuleFault>) -> Vec<RuleFault> {
    let key = |it: &RuleFault| (it.resource.clone(), it.fault.part.clone());
    let mut of_statement: BTreeMap<(Arn, String), Vec<&'static Rule>> = BTreeMap::new();
    for it in &found {
        of_statement.entry(key(it)).or_default().push(it.rule);
    }
    let keep = |it: &RuleFault| {
        if it.fault.part.is_empty() {
            return true;
        }
        let Some(rules) = of_statement.get(&key(it)) else {
            return true;
        };
        let is_told = it.fault.is_everything
            && !matches!(it.rule.tells, Tells::Crossing | Tells::Administrator)
            && rules.iter().any(|to| to.tells == Tells::Administrator);
        !is_told && !rules.iter().any(|exact| it.rule.yields(exact))
    };
    let kept: Vec<bool> = found.iter().map(keep).collect();
    let mut kept = kept.into_iter();
    found
        .into_iter()
        .filter(|_| kept.next().unwrap_or(true))
        .collect()
}
