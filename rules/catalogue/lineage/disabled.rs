use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::settings::Context;
use crate::spark::agent::AgentKind;
use crate::subject::rule::rule;

/// The property that switches OpenLineage off.
const PROPERTY: &str = "spark.openlineage.disabled";

/// The environment variable that does, in the driver.
const VARIABLE: &str = "spark.emr-serverless.driverEnv.OPENLINEAGE_DISABLED";

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

fn switch(setup: &Setup<'_>) -> Option<&'static str> {
    let is_on = |key: &&str| {
        let value = setup.spark.get(key);
        value.is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    };
    [PROPERTY, VARIABLE].into_iter().find(is_on)
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    let kind = AgentKind::OpenLineage;
    if setup.wanted_other() != Some(kind) || !setup.is_listening(kind) {
        return Verdict::Pass;
    }
    switch(setup).map_or(Verdict::Pass, |key| {
        Verdict::Fail(format!("`{key}` is `true`"))
    })
}

fn mended(setup: &Setup<'_>, _: &Context<'_>) -> Vec<Edit> {
    let key = switch(setup);
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
        for (value, fails) in [
            ("true", true),
            ("True", true),
            ("false", false),
            ("", false),
        ] {
            let mut changes = open_lineage();
            changes.push((PROPERTY, Some(value)));
            let found = lineage_under(check, &with(&changes), &policy);
            assert_eq!(matches!(found, Verdict::Fail(_)), fails, "{value}");
        }
    }
}
