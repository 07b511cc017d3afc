use super::Ran;
use crate::finding::{Remediation, Verdict};
use crate::remediation::start_with;
use crate::rule::{Context, rule};

rule! {
    /// A job drops its application's lineage
    ///
    /// Flags jobs whose latest run was started in a way that loses the lineage which its application has:
    /// a `spark-defaults` of its own, which **replaces** the application's whole on every release before
    /// emr-spark-8.1.0, `--jars` or `--conf spark.jars` without the agent, a listener list without the
    /// agent's, a mode or dispatcher of its own. The runs of one job make one finding for each cause; a job
    /// that didn't run in the window is left as it was. Where the submit parameters can't be read, or name a
    /// `--properties-file`, it is `unknown`. A run is held against the application's defaults of today, on
    /// the release that was in force for the run; where the application has no lineage either, that is the
    /// fault to mend first.
    ///
    /// What a job's code sets (`SparkSession.builder.config`, `listenerManager.clear()`) no API shows.
    ///
    /// ## Why it matters
    /// The application passes and the job succeeds, or dies for want of the listener's class. Its reads and
    /// writes are missing from the lineage all the same.
    ///
    /// ## How to fix
    /// Start the job with the parameters that the finding gives. Give single keys by `--conf` rather than a
    /// `spark-defaults` of the job's own, and add to lists instead of replacing them.
    ///
    /// Source: EMR Serverless User Guide, "Default application configuration", and the release notes of
    /// emr-spark-8.1.0; tried on Apache Spark 3.5.6 for `--jars` and `--conf`.
    "job-run-drops-lineage", High, JobRun { check, fix, cause }
}

fn check<'a>(ran: &Ran<'a>, cx: &Context<'a>) -> Verdict {
    let dropped = ran.started.dropped(cx);
    dropped.map_or(Verdict::Pass, |dropped| dropped.verdict)
}

fn cause<'a>(ran: &Ran<'a>, cx: &Context<'a>) -> &'static str {
    let dropped = ran.started.dropped(cx);
    dropped.map_or("", |dropped| dropped.cause)
}

fn fix<'a>(ran: &Ran<'a>, cx: &Context<'a>) -> Remediation {
    let (Some(mended), Ok(submit)) = (ran.started.mended(cx), ran.started.submit) else {
        return Remediation::default();
    };
    let parameters = (mended.submit != *submit).then(|| mended.submit.to_string());
    let changed = mended.configuration != ran.run.configuration;
    start_with(
        &format!("the job {}", ran.run.job()),
        parameters.as_deref(),
        "applicationConfiguration",
        changed.then_some(mended.configuration.as_slice()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::Judged;
    use crate::application::bench::with;
    use crate::estate::{Application, Configuration, JobRun};
    use crate::job_run::{Roles, submitted};

    const LISTENERS: &str = "spark.sql.queryExecutionListeners";

    fn run(label: &str, overrides: &[(&str, &str)], parameters: &str) -> JobRun {
        let mut run = JobRun {
            release_label: label.into(),
            ..JobRun::example()
        };
        if !overrides.is_empty() {
            run.configuration = vec![Configuration::new("spark-defaults", overrides)];
        }
        if let Some(submit) = &mut run.spark_submit {
            submit.parameters = Some(parameters.into());
        }
        run
    }

    /// What the rule says, and what it says of the job as it is mended.
    fn judged(application: &Application, run: &JobRun) -> (Verdict, Verdict) {
        let cx = Context::example();
        let judged = Judged::new(application, cx.policy);
        let (submit, roles) = (submitted(run), Roles::default());
        let ran = Ran::new(run, &judged, &submit, &roles, cx.policy);
        let verdict = check(&ran, &cx);
        let Some(mended) = ran.started.mended(&cx) else {
            return (verdict.clone(), verdict);
        };
        let mut better = run.clone();
        better.configuration = mended.configuration;
        let submit = Ok(mended.submit);
        (
            verdict,
            check(&Ran::new(&better, &judged, &submit, &roles, cx.policy), &cx),
        )
    }

    fn drops(run: &JobRun) -> String {
        match judged(&Application::example(), run) {
            (Verdict::Fail(text), Verdict::Pass) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_keeps_lineage_passes() {
        for parameters in [
            "",
            "--conf spark.executor.cores=4 --class x.Main",
            "--jars s3://b/a.jar,s3://lineage-artifacts/spline/spline-7.1.0.jar",
            "--conf spark.spline.mode=ENABLED",
            "--conf spark.extraListeners=com.x.Other",
        ] {
            let (verdict, _) = judged(&Application::example(), &run("emr-7.1.0", &[], parameters));
            assert_eq!(verdict, Verdict::Pass, "{parameters}");
        }
    }

    #[test]
    fn defaults_of_its_own_replace_the_applications() {
        let memory = [("spark.driver.memory", "8g")];
        let text = drops(&run("emr-7.1.0", &memory, ""));
        assert!(
            text.starts_with(
                "on emr-7.1.0 the job's `spark-defaults` replaces the application's whole, and \
                 `spark.jars` with it: "
            ),
            "{text}"
        );
    }

    #[test]
    fn from_emr_spark_8_1_they_are_merged() {
        let application = Application {
            release_label: "emr-spark-8.1.0".into(),
            ..with(&[("spark.jars", Some("s3://b/spline-8.1.0.jar"))])
        };
        let memory = [("spark.driver.memory", "8g")];
        let merged = judged(&application, &run("emr-spark-8.1.0", &memory, ""));
        assert_eq!(merged.0, Verdict::Pass);
        let jars = [("spark.jars", "s3://b/mine.jar")];
        let (verdict, mended) = judged(&application, &run("emr-spark-8.1.0", &jars, ""));
        assert!(
            matches!(&verdict, Verdict::Fail(text) if text.starts_with("`spark.jars` is replaced by the job's `spark-defaults`")),
            "{verdict:?}"
        );
        assert_eq!(mended, Verdict::Pass);
    }

    #[test]
    fn options_replace_lists() {
        let text = drops(&run("emr-7.1.0", &[], "--jars s3://b/mine.jar"));
        assert!(
            text.starts_with("`spark.jars` is replaced by the job's `--jars`: "),
            "{text}"
        );
        let text = drops(&run(
            "emr-7.1.0",
            &[],
            "--conf spark.jars=x --conf spark.jars=y",
        ));
        assert!(
            text.starts_with("`spark.jars` is replaced by the job's `--conf`: "),
            "{text}"
        );
        for empty in ["", ","] {
            let text = drops(&run(
                "emr-7.1.0",
                &[],
                &format!("--conf {LISTENERS}={empty}"),
            ));
            assert!(text.contains("`--conf`: `spark.sql"), "{text}");
        }
    }

    #[test]
    fn modes_dispatchers_and_java_options_are_seen() {
        for parameters in [
            "--conf spark.spline.mode=DISABLED",
            "--conf spark.hadoop.spline.mode=DISABLED",
            "--conf spark.spline.mode=disabled",
            "--conf spark.spline.lineageDispatcher=console",
            "--conf spark.spline.lineageDispatcher=file \
             --conf spark.spline.lineageDispatcher.http.producer.url=",
        ] {
            let text = drops(&run("emr-7.1.0", &[], parameters));
            assert!(text.contains("by the job's `--conf`: "), "{text}");
        }
        let application = with(&[("spark.spline.mode", None)]);
        let java = "--driver-java-options '-XX:+UseG1GC -Dspline.mode=DISABLED'";
        let (verdict, mended) = judged(&application, &run("emr-7.1.0", &[], java));
        assert!(matches!(verdict, Verdict::Fail(_)), "{verdict:?}");
        assert_eq!(mended, Verdict::Pass);
    }

    #[test]
    fn a_wrong_agent_of_the_jobs_own_is_seen() {
        let text = drops(&run("emr-7.1.0", &[], "--jars s3://b/spline-7.0.0.jar"));
        assert!(text.contains("is built for EMR 7.0.0"), "{text}");
    }

    #[test]
    fn what_can_not_be_read_is_unknown() {
        for parameters in [
            "--conf 'a=b",
            "app.jar --jars x",
            "--properties-file s3://b/p",
        ] {
            let (verdict, _) = judged(&Application::example(), &run("emr-7.1.0", &[], parameters));
            assert!(matches!(verdict, Verdict::Unknown(_)), "{parameters}");
        }
        let strange = run("latest", &[("spark.driver.memory", "8g")], "");
        assert!(matches!(
            judged(&Application::example(), &strange).0,
            Verdict::Unknown(_)
        ));
    }

    #[test]
    fn an_application_without_lineage_is_the_fault_to_mend_first() {
        let bare = with(&[("spark.jars", None)]);
        let (verdict, _) = judged(
            &bare,
            &run("emr-7.1.0", &[("spark.driver.memory", "8g")], ""),
        );
        assert_eq!(verdict, Verdict::Pass);
    }

    #[test]
    fn a_run_of_another_release_is_not_blamed_on_todays_agent() {
        let (verdict, _) = judged(&Application::example(), &run("emr-7.0.0", &[], ""));
        assert_eq!(verdict, Verdict::Pass);
        let parameters = "--conf spark.spline.mode=ENABLED";
        let (verdict, _) = judged(&Application::example(), &run("emr-7.0.0", &[], parameters));
        assert_eq!(verdict, Verdict::Pass);
    }

    #[test]
    fn the_fix_gives_the_changed_parameters_alone() {
        let cx = Context::example();
        let application = Application::example();
        let judged = Judged::new(&application, cx.policy);
        let run = run("emr-7.1.0", &[], "--class x.Main --jars s3://b/mine.jar");
        let (submit, roles) = (submitted(&run), Roles::default());
        let fix = fix(&Ran::new(&run, &judged, &submit, &roles, cx.policy), &cx);
        assert_eq!(
            fix.aws_cli,
            "# start the job attribution-daily with this, and all else as before\n\
             sparkSubmitParameters='--class x.Main --jars \
             s3://b/mine.jar,s3://lineage-artifacts/spline/spline-7.1.0.jar'"
        );
    }
}
