use std::collections::BTreeMap;

use crate::catalogue::job_run::artifact_unversioned::{entry_point, version, versioned};
use crate::finding::Fault;
use crate::remedy::{Parameter, start_with};
use crate::settings::{ArtifactUnpinned, Context};
use crate::subject::job_run::JobRunSubject;
use crate::subject::rule::rule;

rule! {
    /// A production job doesn't pin the patch of its artifact
    ///
    /// Flags jobs that a tag marks as sensitive and whose entry point tells a major or minor version but no
    /// patch. The mark is a tag `production` (`tag` and `values` of `[rules.job-run-artifact-unpinned]`) of
    /// the run or of its application. A path without any version is `job-run-artifact-unversioned`'s.
    ///
    /// ## Why it matters
    /// `<job>/1/app.jar` is the newest of major version 1: a new build reaches production without anybody
    /// having decided it.
    ///
    /// ## How to fix
    /// Start the job with the path of the patch, `<job>/<major>.<minor>.<patch>/app.jar`.
    ///
    /// Source: the organization's own layout. That a floating path is overwritten shows only in S3.
    "job-run-artifact-unpinned", Medium, JobRun { check }, parameters: ArtifactUnpinned
}

fn check<'a>(ran: &JobRunSubject<'a>, cx: &Context<'a>) -> Vec<Fault> {
    let asked = &cx.policy.rules.artifact_unpinned;
    let application = ran.started.application;
    if !is_marked(&ran.run.tags, asked) && !is_marked(&application.tags, asked) {
        return Vec::new();
    }
    let Some(path) = entry_point(ran.run) else {
        return Vec::new();
    };
    match version(path, &cx.policy.rules.artifact_unversioned.layouts) {
        Some(version) if version.split('.').count() < 3 => {
            // Which patch is meant is for its owner to say.
            let (before, after) = path.split_once(version).unwrap_or((path, ""));
            let pinned = Parameter::EntryPoint(versioned(before, after));
            let evidence = format!("`{path}` pins {version} and no patch");
            vec![Fault::fail(evidence).mended_by(start_with(ran.run, &[pinned]))]
        }
        _ => Vec::new(),
    }
}

fn is_marked(tags: &BTreeMap<String, String>, asked: &ArtifactUnpinned) -> bool {
    let mut tags = tags.iter();
    let tag = tags.find(|(key, _)| key.eq_ignore_ascii_case(&asked.tag));
    tag.is_some_and(|(_, value)| {
        if asked.values.is_empty() {
            return !["false", "no", "0"].contains(&value.to_ascii_lowercase().as_str());
        }
        asked.values.iter().any(|glob| glob.matches(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Verdict;
    use crate::subject::job_run::bench::{judged, with};

    fn verdict(entry_point: &str, tag: Option<(&str, &str)>) -> Verdict {
        let mut run = with(|submit| submit.entry_point = entry_point.into());
        run.tags
            .extend(tag.map(|(key, value)| (key.into(), value.into())));
        judged(check, &run, Context::example().policy)
    }

    #[test]
    fn only_what_is_marked_must_pin() {
        let floating = "s3://b/job/1.4/app.jar";
        assert_eq!(verdict(floating, None), Verdict::Pass);
        assert_eq!(
            verdict(floating, Some(("production", "false"))),
            Verdict::Pass
        );
        for tag in [("production", "true"), ("Production", "")] {
            let fact = format!("`{floating}` pins 1.4 and no patch");
            assert_eq!(verdict(floating, Some(tag)), Verdict::Fail(fact));
        }
    }

    #[test]
    fn a_patch_and_no_version_at_all_pass() {
        let tag = Some(("production", "true"));
        assert_eq!(verdict("s3://b/job/1.4.2/app.jar", tag), Verdict::Pass);
        assert_eq!(verdict("s3://b/job/latest/app.jar", tag), Verdict::Pass);
    }

    #[test]
    fn values_may_be_named() {
        let mut policy = crate::Policy::default();
        policy.rules.artifact_unpinned.tag = "environment".into();
        policy.rules.artifact_unpinned.values = vec!["prod*".into()];
        let mut run = with(|submit| submit.entry_point = "s3://b/job/1/app.jar".into());
        run.tags.insert("Environment".into(), "staging".into());
        assert_eq!(judged(check, &run, &policy), Verdict::Pass);
        run.tags.insert("Environment".into(), "production".into());
        assert!(matches!(judged(check, &run, &policy), Verdict::Fail(_)));
    }
}
