//! What mends all that is wrong with the lineage of an application, in one change.

use std::cell::OnceCell;

use crate::catalogue::{lineage_checks, rules};
use crate::estate::Application;
use crate::finding::{Edit, Fault, Remedy, Severity, Verdict};
use crate::lineage::Concerns;
use crate::remedy::edited;
use crate::settings::Context;
use crate::subject::application::ApplicationSubject;
use crate::subject::rule::{Check, Rule};

/// How often what was mended is judged again: one fault may hide the next.
const ROUNDS: usize = 12;

/// The edits that mend the lineage of an application, worked out for the first of its faults that asks.
#[derive(Default)]
pub(super) struct Mending(OnceCell<Vec<Edit>>);

impl Mending {
    /// The faults of one rule, with one change for all that is wrong with the lineage of their application: it
    /// is stopped once, and no other fault comes to light by it.
    pub(super) fn of(
        &self,
        faults: Vec<Fault>,
        application: &Application,
        cx: &Context<'_>,
    ) -> Vec<Fault> {
        let faults = faults.into_iter().map(|fault| {
            if fault.remedy == Remedy::None {
                return fault;
            }
            let edits = self.0.get_or_init(|| all_edits(application, cx));
            fault.mended_by(edits.clone())
        });
        faults.collect()
    }
}

fn all_edits(application: &Application, cx: &Context<'_>) -> Vec<Edit> {
    let mut edits = Vec::new();
    for _ in 0..ROUNDS {
        let mended = edited(application, &edits);
        let judged = ApplicationSubject::new(&mended, cx.policy, lineage_checks());
        let faults = judged.setup.faults(cx);
        let faults = faults.filter(|(check, fault)| {
            let is_on = cx.policy.severity(check.rule, Severity::High).is_some();
            is_on && matches!(fault.verdict, Verdict::Fail(_))
        });
        let faults = faults.map(|(_, fault)| fault);
        let faults = faults.chain(beside_lineage(&judged, cx));
        let mut more = Vec::new();
        for edit in faults.flat_map(|fault| fault.remedy.into_edits()) {
            if !edits.contains(&edit) && !more.contains(&edit) {
                more.push(edit);
            }
        }
        if more.is_empty() {
            break;
        }
        edits.extend(more);
    }
    edits
}

/// The faults of an application that cost no lineage by themselves, found by rules that stand beside those on
/// lineage.
fn beside_lineage<'a>(
    judged: &'a ApplicationSubject<'_>,
    cx: &'a Context<'_>,
) -> impl Iterator<Item = Fault> + 'a {
    let is_beside =
        |rule: &&Rule| rule.concerns == Concerns::Keys && rule.severity_in(cx.policy).is_some();
    let rules = rules().filter(is_beside);
    rules.flat_map(move |rule| {
        let Check::Application { check } = rule.check else {
            return Vec::new();
        };
        check(judged, cx)
    })
}
