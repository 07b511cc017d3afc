use crate::estate::JobRun;
use crate::finding::{Fault, Piece, Remediation, ShellParameter, Template};
use crate::remedy::{Parameter, start_with};
use crate::settings::{Context, Layout};
use crate::spark::{JARS_KEY, Submit};
use crate::subject::job_run::JobRunSubject;
use crate::subject::rule::rule;

rule! {
    /// A job's artifact has no version in its path
    ///
    /// Flags jobs whose entry point tells no version by its path, by the `layouts` of
    /// `[rules.job-run-artifact-unversioned]`: `<job>/<major>[.<minor>[.<patch>]]/app.jar` or
    /// `app-<major>.<minor>[.<patch>].jar` unless others are set. With `jars = true` the job's own `--jars`
    /// are judged alike. What lies in the image (`local:`, `file:`, a plain path) has the image's version.
    ///
    /// ## Why it matters
    /// What can be overwritten in place can't be told apart afterwards: not what ran last night, nor what to
    /// go back to.
    ///
    /// ## How to fix
    /// Publish each build under a path of its own, and start the job with that.
    ///
    /// Source: the organization's own layout.
    "job-run-artifact-unversioned", Low, JobRun { check }, parameters: ArtifactUnversioned
}

fn check<'a>(ran: &JobRunSubject<'a>, cx: &Context<'a>) -> Vec<Fault> {
    let asked = &cx.policy.rules.artifact_unversioned;
    let Some(submit) = &ran.run.spark_submit else {
        return Vec::new();
    };
    let own_jars = ran.started.submit.as_ref().ok().filter(|_| asked.jars);
    let own_jars = own_jars.into_iter().flat_map(Submit::properties);
    let own_jars = own_jars.filter(|(key, _, _)| *key == JARS_KEY);
    let own_jars = own_jars.flat_map(|(_, jars, _)| crate::spark::entries(jars));
    let mut paths = std::iter::once(submit.entry_point.as_str()).chain(own_jars);
    let unversioned = paths.find(|path| is_remote(path) && version(path, &asked.layouts).is_none());
    let faults = unversioned.into_iter().map(|path| {
        let fault = Fault::fail(format!("`{path}` tells no version"));
        fault.mended_by(mended(ran.run, &asked.layouts))
    });
    faults.collect()
}

/// Puts the version before the file's name. Which it is, is for its owner to say; so is where its own JARs
/// are to lie, where they are what lacks one.
fn mended(run: &JobRun, layouts: &[Layout]) -> Remediation {
    let path = entry_point(run).filter(|path| version(path, layouts).is_none());
    let parts = path.and_then(|path| path.rsplit_once('/'));
    parts.map_or_else(Remediation::default, |(folder, file)| {
        let path = versioned(&format!("{folder}/"), &format!("/{file}"));
        start_with(run, &[Parameter::EntryPoint(path)])
    })
}

/// A path with a version between its parts, which a person has to say.
pub(super) fn versioned(before: &str, after: &str) -> Template {
    Template(vec![
        Piece::Text(before.into()),
        Piece::Asked(ShellParameter::new("VERSION", "1.2.3")),
        Piece::Text(after.into()),
    ])
}

/// The version that a path tells by the first layout that reads it.
pub(super) fn version<'a>(path: &'a str, layouts: &[Layout]) -> Option<&'a str> {
    layouts.iter().find_map(|layout| layout.version(path))
}

/// The entry point, where it isn't in the image.
pub(super) fn entry_point(run: &JobRun) -> Option<&str> {
    let submit = run.spark_submit.as_ref()?;
    Some(submit.entry_point.as_str()).filter(|path| is_remote(path))
}

fn is_remote(path: &str) -> bool {
    let scheme = path.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| !["local", "file"].contains(&scheme))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Verdict;
    use crate::subject::job_run::bench::{judged, with};

    fn verdict(entry_point: &str) -> Verdict {
        judged(
            check,
            &with(|submit| submit.entry_point = entry_point.into()),
            Context::example().policy,
        )
    }

    #[test]
    fn a_version_in_the_path_or_the_image_passes() {
        for path in [
            "s3://b/job/1/app.jar",
            "s3://b/job/1.4.2/app.jar",
            "s3://b/job/app-1.4.2.jar",
            "local:///usr/lib/spark/examples/jars/spark-examples.jar",
            "/usr/lib/spark/main.py",
        ] {
            assert_eq!(verdict(path), Verdict::Pass, "{path}");
        }
    }

    #[test]
    fn a_path_that_stays_the_same_fails() {
        for path in ["s3://b/job/latest/app.jar", "s3://b/main.py"] {
            assert_eq!(
                verdict(path),
                Verdict::Fail(format!("`{path}` tells no version"))
            );
        }
    }

    #[test]
    fn a_hive_query_is_passed_over() {
        let run = JobRun {
            spark_submit: None,
            ..JobRun::example()
        };
        assert_eq!(
            judged(check, &run, Context::example().policy),
            Verdict::Pass
        );
    }

    #[test]
    fn jars_are_judged_where_that_is_asked() {
        let run = with(|submit| submit.parameters = Some("--jars s3://b/x.jar".into()));
        let mut policy = crate::Policy::default();
        assert_eq!(judged(check, &run, &policy), Verdict::Pass);
        policy.rules.artifact_unversioned.jars = true;
        assert!(matches!(judged(check, &run, &policy), Verdict::Fail(_)));
    }
}
