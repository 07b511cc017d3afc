use crate::finding::{Remediation, Verdict};
use crate::lineage::Setup;
use crate::remedy::set_spark_defaults;
use crate::settings::Context;
use crate::spark::agent::{AgentKind, Bundle};
use crate::spark::{JARS_KEY, LISTENERS_KEY, PACKAGES_KEY};
use crate::subject::application::Judged;
use crate::subject::rule::rule;

rule! {
    /// The Spline agent's name can't be read
    ///
    /// Flags Spark applications that name an artifact which looks like Spline, but which no `[[agent]]`
    /// pattern reads. It is `unknown`: whether it fits the release can't be told. Where the listener isn't
    /// set either, no lineage comes of it, and it fails.
    ///
    /// ## Why it matters
    /// What can't be read can't be matched against the release. It may be the organization's own build, or
    /// something that only shares the name.
    ///
    /// ## How to fix
    /// Add an `[[agent]]` pattern that reads such names to `lineward.toml`, or name the agent as the others
    /// of the organization are named.
    ///
    /// Source: README of AbsaOSS/spline-spark-agent, "Spark/Scala version compatibility matrix", for the
    /// names of the public bundles.
    "spline-agent-unrecognized", Medium, Lineage { check, fix }
}

fn check(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    if !setup.wants(AgentKind::Spline) || setup.is_unsupported() {
        return Verdict::Pass;
    }
    let Some(suspect) = setup.agents.suspect(AgentKind::Spline) else {
        return Verdict::Pass;
    };
    let unread =
        format!("`{suspect}` looks like Spline, but no `[[agent]]` pattern reads its name");
    if setup.is_listening(AgentKind::Spline) || setup.is_opaque {
        return Verdict::Unknown(unread);
    }
    Verdict::Fail(format!("{unread}, and its listener is not set"))
}

/// Puts the public bundle for the release in its place: a pattern that reads its name is the other way.
fn fix(judged: &Judged<'_>, _: &Context<'_>) -> Remediation {
    let setup = &judged.setup;
    let suspect = setup.agents.suspect(AgentKind::Spline);
    let (Some(suspect), Some(jar)) = (suspect, setup.bundle().map(Bundle::jar)) else {
        return Remediation::default();
    };
    let folder = suspect.rfind('/').and_then(|slash| suspect.get(..=slash));
    let jar = format!("{}{jar}", folder.unwrap_or("<where JARs lie>/"));
    let without = |key| {
        let entries = setup.spark.list(key);
        entries.filter(|it| *it != suspect).collect::<Vec<_>>()
    };
    let mut jars = without(JARS_KEY);
    jars.push(&jar);
    let (jars, packages) = (jars.join(","), without(PACKAGES_KEY).join(","));
    let listeners = setup.spark.list(LISTENERS_KEY);
    let listener = AgentKind::Spline.listener();
    let listeners = listeners.filter(|it| *it != listener).chain([listener]);
    let listeners = listeners.collect::<Vec<_>>().join(",");
    let mut changes = vec![
        (JARS_KEY, jars.as_str()),
        (LISTENERS_KEY, listeners.as_str()),
    ];
    if setup.spark.get(PACKAGES_KEY).is_some() {
        changes.push((PACKAGES_KEY, packages.as_str()));
    }
    set_spark_defaults(judged.application, &changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spark::{JARS_KEY, LISTENERS_KEY};
    use crate::subject::application::bench::{lineage, with};

    #[test]
    fn a_strange_name_can_not_be_told() {
        let fork = (JARS_KEY, Some("s3://b/spline-fork.jar"));
        let verdict = |changes: &[_]| lineage(check, &with(changes));
        assert_eq!(verdict(&[]), Verdict::Pass);
        assert!(matches!(verdict(&[fork]), Verdict::Unknown(_)));
        let unlistened = verdict(&[fork, (LISTENERS_KEY, None)]);
        assert!(matches!(unlistened, Verdict::Fail(_)));
    }

    #[test]
    fn beside_a_recognised_agent_it_is_passed_over() {
        let both = "s3://b/spline-7.1.0.jar,s3://b/spline-udfs.jar";
        assert_eq!(
            lineage(check, &with(&[(JARS_KEY, Some(both))])),
            Verdict::Pass
        );
    }
}
