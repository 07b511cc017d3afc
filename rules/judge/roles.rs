//! Asks the rules on roles, policies and statements about an account.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::rules;
use crate::estate::{AccountId, Arn, ManagedPolicy, ReadScope, Region};
use crate::finding::Fault;
use crate::finding::RuleId;
use crate::finding::{Failing, Finding, Fingerprint, Remediation, Severity, Verdict};
use crate::iam::{Held, Inventory};
use crate::settings::Context;
use crate::subject::rule::{Check, Rule};
use crate::subject::statement::Stated;

/// A fault, and the rule that found it.
pub(crate) struct Found {
    pub(crate) rule: &'static Rule,
    pub(crate) fault: Fault,
}

/// What the rules on single roles find in an account.
pub(super) fn of_account(inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for rule in rules().filter(|rule| rule.severity_in(cx.policy).is_some()) {
        let mut add = |faults: Vec<Fault>| {
            found.extend(faults.into_iter().map(|fault| Found { rule, fault }));
        };
        match rule.check {
            Check::Role { check } => {
                let roles = inventory.roles.iter();
                add(roles.flat_map(|it| check(it, inventory, cx)).collect());
            }
            Check::ManagedPolicy { check } => {
                let policies = inventory.policies.iter().filter(|it| is_own(it));
                add(policies.filter_map(|it| check(it, inventory, cx)).collect());
            }
            Check::Statement { check } => {
                let all = statements(inventory);
                add(all.filter_map(|it| check(&it, cx)).collect());
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

fn statements<'a>(inventory: &'a Inventory<'a>) -> impl Iterator<Item = Stated<'a>> {
    inventory.roles.iter().flat_map(move |holder| {
        let policies = holder.policies.iter().chain(&holder.trust);
        policies.flat_map(move |held: &'a Held<'a>| {
            let statements = held.document.statements.iter();
            statements.map(move |statement| Stated {
                inventory,
                holder,
                held,
                statement,
            })
        })
    })
}

/// What single faults come to: one cause is one finding, whoever holds the policy.
pub(crate) fn findings(found: Vec<Found>, cx: &Context<'_>) -> Vec<Finding> {
    let mut merged: BTreeMap<Fingerprint, (Finding, usize)> = BTreeMap::new();
    for Found { rule, fault } in without_consequences(found) {
        let finding = finding(rule, &fault, cx);
        merged
            .entry(finding.fingerprint.clone())
            .and_modify(|(first, others)| {
                *others += 1;
                first.read_from.extend(fault.read_from);
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
pub(crate) fn superseded(found: &[Found]) -> BTreeSet<Fingerprint> {
    let said = found.iter().flat_map(|it| {
        let forms = rules().filter(|form| form.yields(it.rule));
        forms.map(|form| {
            Fingerprint::new(&RuleId::from(form.id), &it.fault.resource, &it.fault.part)
        })
    });
    said.collect()
}

/// Leaves out what another finding on the same statement says already: the form where the effect was found,
/// and all but the worst where a statement allows everything.
fn without_consequences(found: Vec<Found>) -> Vec<Found> {
    let key = |it: &Found| (it.fault.resource.clone(), it.fault.part.clone());
    let mut of_statement: BTreeMap<(Arn, String), Vec<&'static Rule>> = BTreeMap::new();
    for it in &found {
        of_statement.entry(key(it)).or_default().push(it.rule);
    }
    let keep = |it: &Found| {
        if it.fault.part.is_empty() {
            return true;
        }
        let Some(rules) = of_statement.get(&key(it)) else {
            return true;
        };
        let worst = rules.iter().max_by_key(|rule| (rule.severity, rule.id));
        let is_worst = worst.is_none_or(|worst| worst.id == it.rule.id);
        (is_worst || !it.fault.is_everything) && !rules.iter().any(|exact| it.rule.yields(exact))
    };
    let kept: Vec<bool> = found.iter().map(keep).collect();
    let mut kept = kept.into_iter();
    found
        .into_iter()
        .filter(|_| kept.next().unwrap_or(true))
        .collect()
}

fn finding(rule: &'static Rule, fault: &Fault, cx: &Context<'_>) -> Finding {
    let id = RuleId::from(rule.id);
    let (verdict, evidence) = match &fault.verdict {
        Verdict::Fail(evidence) => (Failing::Fail, evidence.clone()),
        Verdict::Unknown(reason) => (Failing::Unknown, reason.clone()),
        Verdict::Pass => (Failing::Unknown, String::new()),
    };
    Finding {
        fingerprint: Fingerprint::new(&id, &fault.resource, &fault.part),
        severity: severity(rule, fault, cx),
        rule: id,
        verdict,
        account: AccountId::from(fault.resource.account()),
        region: Region::global(),
        resource: fault.resource.clone(),
        group: None,
        created_at: None,
        read_from: fault
            .read_from
            .clone()
            .and(ReadScope::resource(&fault.resource)),
        team: fault.team.clone(),
        title: rule.title().to_owned(),
        evidence,
        remediation: match verdict {
            Failing::Fail => fault.remediation.clone(),
            Failing::Unknown => Remediation::default(),
        },
    }
}

/// The organization's word counts most, then the fault's, then the rule's.
fn severity(rule: &'static Rule, fault: &Fault, cx: &Context<'_>) -> Severity {
    let set = rule
        .severity_in(cx.policy)
        .filter(|it| *it != rule.severity);
    set.or(fault.severity).unwrap_or(rule.severity)
}
