use super::Judged;
use crate::agent::AgentKind;
use crate::finding::{Remediation, Verdict};
use crate::lineage::Setup;
use crate::rule::{Context, rule};

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

/// Only its owner knows what the artifact is.
fn fix(_: &Judged<'_>, _: &Context<'_>) -> Remediation {
    Remediation::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::bench::{lineage, with};
    use crate::spark::{JARS_KEY, LISTENERS_KEY};

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
