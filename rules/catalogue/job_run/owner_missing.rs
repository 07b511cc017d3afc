use std::collections::BTreeMap;

use serde_json::json;

use crate::finding::{Remediation, Verdict};
use crate::remedy::{shell, start_with};
use crate::settings::Context;
use crate::subject::job_run::Ran;
use crate::subject::job_run::only_cause as cause;
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
    "job-run-owner-missing", Low, JobRun { check, fix, cause }, parameters: OwnerMissing
}

fn check<'a>(ran: &Ran<'a>, cx: &Context<'a>) -> Verdict {
    let key = key(cx);
    let application = ran.started.application;
    if has(&ran.run.tags, key) || has(&application.tags, key) {
        return Verdict::Pass;
    }
    Verdict::Fail(format!(
        "neither the run nor its application has a tag `{key}`"
    ))
}

fn key<'a>(cx: &Context<'a>) -> &'a str {
    let own = &cx.policy.rules.owner_missing.tag;
    own.as_ref().unwrap_or(&cx.policy.team_tag)
}

fn has(tags: &BTreeMap<String, String>, key: &str) -> bool {
    let mut tags = tags.iter();
    tags.any(|(it, value)| it.eq_ignore_ascii_case(key) && !value.trim().is_empty())
}

fn fix<'a>(ran: &Ran<'a>, cx: &Context<'a>) -> Remediation {
    let started = start_with(&format!("the job {}", ran.run.job()), None, "", None);
    let mut tags = ran.run.tags.clone();
    tags.insert(key(cx).to_owned(), "<owner>".into());
    Remediation {
        aws_cli: format!(
            "{}\ntags={}",
            started.aws_cli,
            shell(&json!(tags).to_string())
        ),
        ..started
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::JobRun;
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
