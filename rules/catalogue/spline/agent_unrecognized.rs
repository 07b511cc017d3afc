use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::remedy::put_in_place;
use crate::settings::Context;
use crate::spark::agent::{AgentKind, Bundle, is_glob};
use crate::subject::rule::rule;

rule! {
    /// The Spline agent's name can't be read
    ///
    /// Flags Spark applications that name an artifact which looks like Spline, but which no `[[agent]]`
    /// pattern reads. It is `unknown`: whether it fits the release can't be told. Where the listener isn't
    /// set either, no lineage comes of it, and it fails. So does an entry with `*`, `?`, `[` or `{` that an agent's
    /// name could match: Spark expands it, and what lies there no API of EMR shows. A folder that names Spline and
    /// the release (`spline/emr-7.1.0/*.jar`) is taken at its word.
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
    "spline-agent-unrecognized", Medium, Lineage { check }
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    if !setup.wants(AgentKind::Spline) || setup.is_unsupported() {
        return Verdict::Pass;
    }
    let Some(suspect) = setup.agents.suspect(AgentKind::Spline) else {
        return Verdict::Pass;
    };
    let unread = AgentKind::Spline.unread(suspect);
    if setup.is_listening(AgentKind::Spline) || setup.is_opaque {
        return Verdict::Unknown(unread);
    }
    Verdict::Fail(format!("{unread}, and its listener is not set"))
}

/// Puts the organization's agent or the public bundle in its place: a pattern that reads its name is the other
/// way. What else a glob matches is not known, so that it can't be replaced.
fn mended(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Edit> {
    let spline = AgentKind::Spline;
    let suspect = setup.agents.suspect(spline);
    let Some(suspect) = suspect.filter(|suspect| !is_glob(suspect)) else {
        return Vec::new();
    };
    let folder = suspect.rfind('/').and_then(|slash| suspect.get(..=slash));
    let jar = setup.bundle().map(Bundle::jar);
    let with = folder
        .zip(jar)
        .map(|(folder, jar)| format!("{folder}{jar}"));
    let mut edits = put_in_place(setup, suspect, with, spline, cx.policy);
    edits.push(Edit::add(spline.listeners_key(), spline.listener()));
    edits
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
