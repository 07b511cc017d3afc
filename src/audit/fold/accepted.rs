//! The findings that somebody accepted, by the configuration or by a tag on the resource.

use lineward_rules::Context;
use lineward_rules::Exemption;
use lineward_rules::estate::{AccountId, Slice};
use lineward_rules::judge::{Tagged, expired_in_configuration};
use lineward_rules::{Finding, Policy};

use crate::report::{Acceptance, ExemptionRow, ExemptionSource, ExemptionState};

/// What may accept findings, as far as the slices have come.
pub(super) struct Acceptances<'a> {
    cx: &'a Context<'a>,
    tagged: Vec<Tagged>,
}

impl<'a> Acceptances<'a> {
    pub(super) fn new(cx: &'a Context<'a>) -> Self {
        Self {
            cx,
            tagged: Vec::new(),
        }
    }

    /// Adds the tags of a slice.
    pub(super) fn add(&mut self, slice: &Slice) {
        self.tagged.extend(Tagged::of(slice, self.cx.policy));
    }

    /// Who accepts a finding today.
    pub(super) fn of(&self, finding: &Finding) -> Option<Acceptance> {
        let now = self.cx.now;
        let mut configured = configured(self.cx.policy);
        let exemption = configured.find(|it| it.covers(finding) && it.holds(now));
        let mut tagged = self.tagged.iter();
        let exemption = exemption.or_else(|| tagged.find_map(|it| it.accepts(finding, now)));
        exemption.map(acceptance)
    }

    /// The findings that exemptions have expired.
    pub(super) fn expired(&self, home: &AccountId) -> Vec<Finding> {
        let configured = configured(self.cx.policy);
        let configured = configured.filter_map(|it| expired_in_configuration(it, home, self.cx));
        let tagged = self.tagged.iter().filter_map(|it| it.expired(self.cx));
        configured.chain(tagged).collect()
    }

    /// Every exemption with the number of findings that it covers. That one covers none is only known where
    /// nothing `is_unread`.
    pub(super) fn rows(&self, findings: &[Finding], is_unread: bool) -> Vec<ExemptionRow> {
        let row = |source, exemption: &Exemption, findings| ExemptionRow {
            source,
            state: match exemption.holds(self.cx.now) {
                false => ExemptionState::Expired,
                true if findings == 0 && !is_unread => ExemptionState::Unmatched,
                true => ExemptionState::Active,
            },
            resource: exemption.resource.as_str().to_owned(),
            rule: Some(exemption.rule.clone()),
            acceptance: Some(acceptance(exemption)),
            findings,
            problem: None,
        };
        let configured = configured(self.cx.policy).map(|exemption| {
            let covered = findings.iter().filter(|it| exemption.covers(it)).count();
            row(ExemptionSource::Configuration, exemption, covered)
        });
        let tagged = self.tagged.iter().map(|tagged| match &tagged.exemption {
            Ok(exemption) => {
                let is_meant = |it: &&Finding| {
                    it.rule == exemption.rule && it.resource.is_within(&tagged.resource)
                };
                let covered = findings.iter().filter(is_meant).count();
                row(ExemptionSource::Tag, exemption, covered)
            }
            Err(error) => ExemptionRow {
                source: ExemptionSource::Tag,
                state: ExemptionState::Ignored,
                resource: tagged.resource.to_string(),
                rule: None,
                acceptance: None,
                findings: 0,
                problem: Some(error.to_string()),
            },
        });
        let mut rows: Vec<_> = configured.chain(tagged).collect();
        rows.sort_by(|a, b| {
            let key = |row: &ExemptionRow| (row.source, row.resource.clone(), row.rule.clone());
            key(a).cmp(&key(b))
        });
        rows
    }
}

fn configured(policy: &Policy) -> impl Iterator<Item = &Exemption> {
    policy.exemptions.iter()
}

fn acceptance(exemption: &Exemption) -> Acceptance {
    Acceptance {
        owner: exemption.owner.clone(),
        reason: exemption.reason.clone(),
        expires: exemption.expires,
    }
}
