//! Rows of the report, and what they hang on.

use jiff::Timestamp;
use lineward_rules::catalogue;
use lineward_rules::estate::{Arn, Scope, Slice};
use lineward_rules::{Finding, Policy, Status};

use crate::report::{FindingRow, ScopeRow};

/// How the rule of a finding stands.
pub(super) enum RuleState {
    On,
    Off,
    /// There is none of that name in this version.
    Unknown,
}

pub(super) fn rule_state(finding: &Finding, policy: &Policy) -> RuleState {
    match catalogue::find(finding.rule.as_str()) {
        None => RuleState::Unknown,
        Some(rule) if rule.severity_in(policy).is_none() => RuleState::Off,
        Some(_) => RuleState::On,
    }
}

/// Whether nothing of an application, its job runs and its sessions was left unread.
pub(super) fn is_whole(slice: &Slice, application: &Arn) -> bool {
    let mut gaps = slice.scopes.iter().flat_map(|scope| &scope.gaps);
    !gaps.any(|gap| {
        gap.resource
            .as_ref()
            .is_some_and(|arn| arn.is_within(application))
    })
}

pub(super) fn finding_row(
    finding: &Finding,
    status: Status,
    first_seen_at: Timestamp,
    last_seen_at: Timestamp,
) -> FindingRow {
    FindingRow {
        fingerprint: finding.fingerprint.clone(),
        rule: finding.rule.clone(),
        severity: finding.severity,
        verdict: finding.verdict,
        status,
        account: finding.account.clone(),
        region: finding.region.clone(),
        resource: finding.resource.clone(),
        team: finding.team.clone(),
        title: finding.title.clone(),
        evidence: finding.evidence.clone(),
        read_from: finding.read_from.clone(),
        first_seen_at,
        last_seen_at,
        remediation: finding.remediation.clone(),
        incident: None,
        acceptance: None,
    }
}

/// The row of a scope that was not simply audited.
pub(super) fn row(slice: &Slice, scope: &Scope) -> Option<ScopeRow> {
    let (code, reason) = match (&scope.skipped, scope.gaps.first()) {
        (Some(skipped), _) => (skipped.code.clone(), skipped.reason.clone()),
        (None, Some(gap)) => {
            let more = scope.gaps.len() - 1;
            let more = if more == 0 {
                String::new()
            } else {
                format!(" (and {more} more)")
            };
            (
                gap.code.clone(),
                format!("{}: {}{more}", gap.operation, gap.reason),
            )
        }
        (None, None) => return None,
    };
    Some(ScopeRow {
        account: slice.account.id.clone(),
        region: scope.region.clone(),
        service: scope.service.to_string(),
        outcome: scope.state(),
        code,
        reason,
    })
}
