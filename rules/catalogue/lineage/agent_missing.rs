use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::remedy::put_in;
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// The required lineage agent is not configured
    ///
    /// Flags Spark applications without the agent that `[lineage] require` asks for, where that is
    /// `openlineage` or `datahub`; with `any`, applications without any of them. For Spline there is
    /// `spline-agent-missing`. With a custom image it is `unknown` unless an `[[image]]` says what it holds, and
    /// so it is on a release that the release table doesn't know.
    ///
    /// ## Why it matters
    /// Without the agent no job of the application reports what it reads and writes.
    ///
    /// ## How to fix
    /// Put the agent for the application's Scala version into `spark.jars` or `spark.jars.packages`, its
    /// listener into `spark.extraListeners`, and tell it where to send lineage.
    ///
    /// Source: OpenLineage's and DataHub's documentation of their Spark integrations.
    "lineage-agent-missing", High, Lineage { check }
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    let absent = match setup.wanted_other() {
        Some(kind) if setup.agents.of(kind).next().is_some() => return Verdict::Pass,
        Some(kind) => {
            if let Some(suspect) = setup.agents.suspect(kind) {
                return Verdict::Unknown(kind.unread(suspect));
            }
            format!(
                "neither `spark.jars` nor `spark.jars.packages` names {}'s agent",
                kind.name()
            )
        }
        None if setup.wants_any() => {
            "neither Spline's nor OpenLineage's nor DataHub's agent is configured".into()
        }
        None => return Verdict::Pass,
    };
    let others = setup.others(setup.wanted);
    match setup.image.filter(|_| setup.is_opaque) {
        Some(image) => Verdict::Unknown(format!(
            "{absent}; the custom image `{image}` may hold one{others}"
        )),
        None => match setup.unknown_release() {
            Some(reason) => Verdict::Unknown(format!("{absent}; {reason}{others}")),
            None => Verdict::Fail(format!("{absent}{others}")),
        },
    }
}

/// Where any agent would do, which one is for the owner to say.
fn mended(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Edit> {
    let kind = setup.wanted_other();
    kind.map_or_else(Vec::new, |kind| put_in(setup, kind, cx.policy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Policy, Requirement};
    use crate::subject::application::bench::mended_under;
    use crate::subject::application::bench::{lineage_under, open_lineage, with};

    fn verdict(require: Requirement, changes: &[(&str, Option<&str>)]) -> Verdict {
        let policy = Policy {
            require,
            ..Policy::default()
        };
        lineage_under(check, &with(changes), &policy)
    }

    #[test]
    fn the_required_agent_is_asked_for_and_no_other() {
        assert_eq!(verdict(Requirement::Spline, &[]), Verdict::Pass);
        let fact = "neither `spark.jars` nor `spark.jars.packages` names OpenLineage's agent; Spline \
                    is configured instead";
        assert_eq!(
            verdict(Requirement::OpenLineage, &[]),
            Verdict::Fail(fact.into())
        );
        assert_eq!(
            verdict(Requirement::OpenLineage, &open_lineage()),
            Verdict::Pass
        );
    }

    #[test]
    fn the_fix_names_the_artifact_of_this_scala() {
        let policy = Policy {
            require: Requirement::DataHub,
            ..Policy::default()
        };
        let application = with(&[]);
        let mended = mended_under(check, &application, &policy);
        let artifact = "io.acryl:acryl-spark-lineage_2.12:0.2.18";
        assert_eq!(mended["spark.jars.packages"], artifact);
        assert!(mended["spark.extraListeners"].contains("DatahubSparkListener"));
    }

    #[test]
    fn any_agent_will_do_where_any_may() {
        assert_eq!(verdict(Requirement::Any, &[]), Verdict::Pass);
        assert_eq!(verdict(Requirement::Any, &open_lineage()), Verdict::Pass);
        let none = [
            ("spark.jars", None),
            ("spark.sql.queryExecutionListeners", None),
        ];
        assert!(matches!(verdict(Requirement::Any, &none), Verdict::Fail(_)));
    }
}
