use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::settings::Context;
use crate::spark::agent::AgentKind;
use crate::subject::rule::rule;

rule! {
    /// Spline's mode is not a mode of this agent
    ///
    /// Flags Spark applications whose `spline.mode` the agent doesn't know. From version 1.0.0 it is
    /// `ENABLED` or `DISABLED`, before it was `BEST_EFFORT`, `REQUIRED` or `DISABLED`, to the letter and
    /// case. Where the agent's version can't be read from its name, a mode that only some versions know is
    /// `unknown`.
    ///
    /// ## Why it matters
    /// The agent reads the mode outside of its own guard against errors, so that the session can't be
    /// created and the job fails.
    ///
    /// ## How to fix
    /// Set the key that is named in the evidence to `ENABLED`, or remove it.
    ///
    /// Source: `SplineMode` of AbsaOSS/spline-spark-agent, read in its source and not run.
    "spline-mode-invalid", High, Lineage { check }, judges_by: Mode
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    let Some(mode) = setup.spark.spline("mode").filter(|_| setup.calls_spline()) else {
        return Verdict::Pass;
    };
    let mut versions = setup
        .agents
        .of(AgentKind::Spline)
        .filter_map(|agent| agent.version);
    let is_old = versions.next().map(|version| version.starts_with("0."));
    let valid = match (mode.value, is_old) {
        // Of an agent of no known version the newer name is taken to be right: most are 1.0.0 or newer.
        ("DISABLED", _)
        | ("ENABLED", Some(false) | None)
        | ("BEST_EFFORT" | "REQUIRED", Some(true)) => return Verdict::Pass,
        ("BEST_EFFORT" | "REQUIRED", None) => {
            return Verdict::Unknown(format!(
                "{mode} is `{}`, which agents from 1.0.0 don't know; the version of this one can't be \
                 read from its name",
                mode.value
            ));
        }
        (_, Some(true)) => "`BEST_EFFORT`, `REQUIRED` or `DISABLED`",
        (_, _) => "`ENABLED` or `DISABLED`",
    };
    Verdict::Fail(format!("{mode} is `{}`, expected {valid}", mode.value))
}

fn mended(setup: &Setup<'_>, _: &Context<'_>) -> Vec<Edit> {
    let mut versions = setup
        .agents
        .of(AgentKind::Spline)
        .filter_map(|agent| agent.version);
    let is_old = versions
        .next()
        .is_some_and(|version| version.starts_with("0."));
    let mode = setup
        .spark
        .spline("mode")
        .filter(|mode| !mode.is_java_option());
    let key = mode.and_then(|mode| mode.property());
    let value = if is_old { "BEST_EFFORT" } else { "ENABLED" };
    vec![Edit::set(key.unwrap_or("spark.hadoop.spline.mode"), value)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::application::bench::mended;
    use crate::subject::application::bench::{lineage, with};

    const MODE: &str = "spark.spline.mode";

    fn verdict(version: Option<&str>, mode: Option<&str>) -> Verdict {
        let jar = version.map_or_else(
            || "s3://b/spline-7.1.0.jar".to_owned(),
            |version| format!("s3://b/spark-3.5-spline-agent-bundle_2.12-{version}.jar"),
        );
        lineage(check, &with(&[("spark.jars", Some(&jar)), (MODE, mode)]))
    }

    #[test]
    fn each_version_has_its_modes() {
        for (version, mode) in [
            (Some("2.2.3"), Some("ENABLED")),
            (Some("2.2.3"), Some("DISABLED")),
            (Some("2.2.3"), None),
            (Some("0.7.13"), Some("REQUIRED")),
            (None, Some("ENABLED")),
        ] {
            assert_eq!(
                verdict(version, mode),
                Verdict::Pass,
                "{version:?} {mode:?}"
            );
        }
        for (version, mode) in [
            (Some("2.2.3"), "REQUIRED"),
            (Some("2.2.3"), "enabled"),
            (Some("2.2.3"), ""),
            (Some("0.7.13"), "ENABLED"),
            (None, "enabled"),
        ] {
            let found = verdict(version, Some(mode));
            assert!(matches!(found, Verdict::Fail(_)), "{version:?} {mode}");
        }
        assert!(matches!(
            verdict(None, Some("BEST_EFFORT")),
            Verdict::Unknown(_)
        ));
    }

    #[test]
    fn the_fix_sets_the_key_that_wins() {
        let application = with(&[("spark.hadoop.spline.mode", Some("on"))]);
        let mended = mended(check, &application);
        assert_eq!(mended["spark.hadoop.spline.mode"], "ENABLED");
    }
}
