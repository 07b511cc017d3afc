use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::settings::Context;
use crate::spark::agent::AgentKind;
use crate::subject::rule::rule;

rule! {
    /// The lineage agent is switched off
    ///
    /// Flags Spark applications with OpenLineage, where `[lineage] require` asks for it, that set
    /// `spark.openlineage.disabled` or the driver's `OPENLINEAGE_DISABLED` to `true`. DataHub's agent has no
    /// such switch. For Spline there is `spline-disabled`.
    ///
    /// ## Why it matters
    /// The listener is registered and does nothing. Jobs succeed.
    ///
    /// ## How to fix
    /// Remove the key that the evidence names, or set it to `false`.
    ///
    /// Source: `OpenLineageSparkListener.checkIfDisabled` of OpenLineage.
    "lineage-disabled", High, Lineage { check }, judges_by: OwnKeys
}

fn switch(setup: &Setup<'_>, kind: AgentKind) -> Option<&'static str> {
    let is_on = |key: &&str| {
        let value = setup.spark.get(key);
        value.is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    };
    kind.switches().find(is_on)
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    let kind = setup
        .wanted_other()
        .filter(|&kind| setup.is_listening(kind));
    let key = kind.and_then(|kind| switch(setup, kind));
    key.map_or(Verdict::Pass, |key| {
        Verdict::Fail(format!("`{key}` is `true`"))
    })
}

fn mended(setup: &Setup<'_>, _: &Context<'_>) -> Vec<Edit> {
    let key = setup.wanted_other().and_then(|kind| switch(setup, kind));
    key.into_iter().map(|key| Edit::set(key, "false")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Policy, Requirement};
    use crate::subject::application::bench::{lineage_under, open_lineage, with};

    #[test]
    fn a_switch_that_is_on_fails() {
        let policy = Policy {
            require: Requirement::OpenLineage,
            ..Policy::default()
        };
        let keys: Vec<_> = AgentKind::OpenLineage.switches().collect();
        assert_eq!(keys.len(), 2);
        for key in keys {
            for (value, fails) in [
                ("true", true),
                ("True", true),
                ("false", false),
                ("", false),
            ] {
                let mut changes = open_lineage();
                changes.push((key, Some(value)));
                let found = lineage_under(check, &with(&changes), &policy);
                assert_eq!(matches!(found, Verdict::Fail(_)), fails, "{key}={value}");
            }
        }
    }
}
