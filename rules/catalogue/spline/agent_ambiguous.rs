use std::collections::BTreeSet;

use crate::finding::{Edit, Fault, Verdict};
use crate::lineage::Setup;
use crate::remedy::put_in;
use crate::settings::Context;
use crate::spark::agent::{Agent, AgentKind, Fit, file_name};
use crate::spark::{JARS_KEY, PACKAGES_KEY};
use crate::subject::rule::rule;

rule! {
    /// Several Spline agents are configured
    ///
    /// Flags Spark applications that put more than one Spline agent on the class path. The same agent
    /// named twice is not a fault.
    ///
    /// ## Why it matters
    /// Which of them is loaded is up to the order of the class path. Classes of both mix, and what fits the
    /// release may not be what runs.
    ///
    /// ## How to fix
    /// Keep the agent that is built for the application's release, and remove the others.
    ///
    /// Source: README of AbsaOSS/spline-spark-agent: one bundle for a Spark and Scala version.
    "spline-agent-ambiguous", High, Lineage { check }
}

/// The agents that differ from each other.
pub(super) fn different<'a>(setup: &Setup<'a>) -> Vec<Agent<'a>> {
    let mut names = BTreeSet::new();
    let agents = setup.agents.of(AgentKind::Spline);
    let different = agents.filter(|agent| {
        let told = (agent.release, agent.spark, agent.scala, agent.version);
        let name = if told == (None, None, None, None) {
            file_name(agent.artifact)
        } else {
            ""
        };
        names.insert((told, name))
    });
    different.cloned().collect()
}

fn check(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Fault> {
    Fault::judged(verdict(setup, cx), || mended(setup, cx))
}

fn verdict(setup: &Setup<'_>, _: &Context<'_>) -> Verdict {
    if !setup.has_spline() {
        return Verdict::Pass;
    }
    let agents = different(setup);
    if agents.len() < 2 {
        return Verdict::Pass;
    }
    let names = agents.iter().map(|agent| format!("`{}`", agent.artifact));
    Verdict::Fail(format!(
        "{} agents are on the class path: {}",
        agents.len(),
        names.collect::<Vec<_>>().join(", ")
    ))
}

/// Keeps the agent that fits, or puts one in.
fn mended(setup: &Setup<'_>, cx: &Context<'_>) -> Vec<Edit> {
    let agents = different(setup);
    let fits = |agent: &&Agent<'_>| agent.fit(setup.label, &cx.policy.releases) == Fit::Fits;
    let kept = agents.iter().find(fits).map(|agent| agent.artifact);
    let others = setup.agents.of(AgentKind::Spline);
    let others = others.filter(|agent| Some(agent.artifact) != kept);
    let mut edits = Vec::new();
    for agent in others {
        for key in [JARS_KEY, PACKAGES_KEY] {
            if setup.spark.lists(key, agent.artifact) {
                edits.push(Edit::remove(key, agent.artifact));
            }
        }
    }
    if kept.is_none() && !edits.is_empty() {
        edits.extend(put_in(setup, AgentKind::Spline, cx.policy));
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::application::bench::{lineage, with};

    #[test]
    fn one_agent_passes_and_so_does_the_same_one_twice() {
        let verdict = |jars| lineage(check, &with(&[(JARS_KEY, Some(jars))]));
        assert_eq!(verdict("s3://b/spline-7.1.0.jar"), Verdict::Pass);
        assert_eq!(
            verdict("s3://b/spline-7.1.0.jar,s3://c/spline-7.1.0.jar"),
            Verdict::Pass
        );
    }

    #[test]
    fn two_agents_fail_and_the_fix_keeps_the_one_that_fits() {
        let bundle = "za.co.absa.spline.agent.spark:spark-3.4-spline-agent-bundle_2.12:2.1.0";
        let application = with(&[
            (
                JARS_KEY,
                Some("s3://b/a.jar,s3://b/spline-7.0.0.jar,s3://b/spline-7.1.0.jar"),
            ),
            (PACKAGES_KEY, Some(bundle)),
        ]);
        let found = lineage(check, &application);
        assert!(
            matches!(&found, Verdict::Fail(text) if text.starts_with("3 agents")),
            "{found:?}"
        );
        let mended = crate::subject::application::bench::mended(check, &application);
        assert_eq!(mended[JARS_KEY], "s3://b/a.jar,s3://b/spline-7.1.0.jar");
        assert_eq!(mended.get(PACKAGES_KEY), None);
    }
}
