//! The list of all rules.

use std::sync::LazyLock;

use super::{
    account, application, assume, boundary, condition, configuration, execution_role, exemption,
    interactive_endpoint, job_run, lineage, passrole, policy, role, scope, session, spline,
    team_tag, trust,
};
use crate::finding::RuleId;
use crate::lineage::LineageCheck;
use crate::subject::rule::{Check, Rule};

/// Every rule, in catalogue order.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        spline::RULES,
        lineage::RULES,
        interactive_endpoint::RULES,
        application::RULES,
        job_run::RULES,
        session::RULES,
        configuration::RULES,
        role::RULES,
        team_tag::RULES,
        policy::RULES,
        passrole::RULES,
        condition::RULES,
        assume::RULES,
        trust::RULES,
        execution_role::RULES,
        boundary::RULES,
        account::RULES,
        scope::RULES,
        exemption::RULES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// What the rules on lineage ask, in catalogue order.
pub fn lineage_checks() -> &'static [LineageCheck] {
    static CHECKS: LazyLock<Vec<LineageCheck>> = LazyLock::new(|| {
        let checks = rules().filter_map(|rule| {
            if let Check::Lineage { check } = rule.check {
                Some(LineageCheck {
                    rule: rule.id,
                    check,
                    judges_by: rule.judges_by,
                    concerns: rule.concerns,
                    costs_lineage: rule.costs_lineage,
                })
            } else {
                None
            }
        });
        checks.collect()
    });
    &CHECKS
}

/// The rule of this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id == id)
}

/// The id, if a rule has it.
pub fn known(id: &str) -> Option<RuleId> {
    find(id).map(|rule| RuleId::from(rule.id))
}
