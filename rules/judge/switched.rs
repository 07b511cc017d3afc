//! The rules that are switched off.

use crate::catalogue::rules;
use crate::finding::RuleId;
use crate::settings::{Policy, RuleSettings};

/// The same policy with the rules on that are off in it, and off that are on: what it finds is what nobody wants to
/// be told of, and what an application is like all the same. Nothing where no rule is off.
pub fn switched(policy: &Policy) -> Option<Policy> {
    let is_off = |id: &str| rules().any(|rule| rule.id == id && rule.severity_in(policy).is_none());
    if !rules().any(|rule| is_off(rule.id)) {
        return None;
    }
    let settings = rules().map(|rule| {
        let id = RuleId::from(rule.id);
        let settings = policy.rules.settings.get(&id).copied();
        let settings = RuleSettings {
            enabled: is_off(rule.id),
            ..settings.unwrap_or_default()
        };
        (id, settings)
    });
    let mut switched = policy.clone();
    switched.rules.settings = settings.collect();
    Some(switched)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn a_rule_is_on_in_just_one_of_the_two() {
        let mut policy = Policy::default();
        assert!(switched(&policy).is_none());
        let off = RuleSettings {
            severity: Some(Severity::Low),
            enabled: false,
        };
        let id = RuleId::from("spline-disabled");
        policy.rules.settings.insert(id, off);
        let other = switched(&policy).unwrap();
        for rule in rules() {
            let (here, there) = (rule.severity_in(&policy), rule.severity_in(&other));
            assert_eq!(here.is_some(), there.is_none(), "{}", rule.id);
        }
        assert_eq!(
            other.severity("spline-disabled", Severity::High),
            Some(Severity::Low)
        );
    }
}
