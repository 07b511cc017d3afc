use std::collections::BTreeMap;

use crate::finding::{Fault, Template};
use crate::remedy::{Parameter, start_with};
use crate::settings::Context;
use crate::subject::job_run::JobRunSubject;
use crate::subject::rule::rule;

rule! {
    /// Nobody is named who answers for a job
    ///
    /// Flags jobs where neither the run nor its application has the tag that names an owner: `tag` of
    /// `[rules.job-run-owner-missing]`, or else the team's tag.
    ///
    /// ## Why it matters
    /// A run doesn't take its application's tags. What it costs, and who is called when it fails, is told by
    /// tags alone.
    ///
    /// ## How to fix
    /// Tag the application, or start the job with the tag.
    ///
    /// Source: EMR Serverless User Guide, "Tagging resources".
    "job-run-owner-missing", Low, JobRun { check }, parameters: OwnerMissing
}

fn check<'a>(ran: &JobRunSubject<'a>, cx: &Context<'a>) -> Vec<Fault> {
    let key = key(cx);
    let application = ran.started.application;
    if has(&ran.run.tags, key) || has(&application.tags, key) {
        return Vec::new();
    }
    let evidence = format!("neither the run nor its application has a tag `{key}`");
    let mended = start_with(
        ran.run,
        &[Parameter::Tag(key, Template::asked("OWNER", "ads"))],
    );
    vec![Fault::fail(evidence).mended_by(mended)]
}

fn key<'a>(cx: &Context<'a>) -> &'a str {
    let own = &cx.policy.rules.owner_missing.tag;
    own.as_ref().unwrap_or(&cx.policy.team_tag)
}

fn has(tags: &BTreeMap<String, String>, key: &str) -> bool {
    let mut tags = tags.iter();
    tags.any(|(held, value)| held.eq_ignore_ascii_case(key) && !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::JobRun;
    use crate::finding::Verdict;
    use crate::subject::job_run::bench::judged;

    #[test]
    fn the_tag_of_the_run_or_of_its_application_will_do() {
        let mut policy = crate::Policy::default();
        let mut run = JobRun::example();
        run.tags.clear();
        assert_eq!(judged(check, &run, &policy), Verdict::Pass);
        policy.rules.owner_missing.tag = Some("Owner".into());
        let fact = "neither the run nor its application has a tag `Owner`";
        assert_eq!(judged(check, &run, &policy), Verdict::Fail(fact.into()));
        run.tags.insert("owner".into(), " ".into());
        assert_eq!(judged(check, &run, &policy), Verdict::Fail(fact.into()));
        run.tags.insert("owner".into(), "ada".into());
        assert_eq!(judged(check, &run, &policy), Verdict::Pass);
    }
}
