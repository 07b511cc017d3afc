use crate::finding::{Fault, Remediation};
use crate::remedy::{Parameter, edits_between, start_with};
use crate::settings::Context;
use crate::subject::job_run::JobRunSubject;
use crate::subject::rule::rule;

rule! {
    /// A job drops its application's lineage
    ///
    /// Flags jobs whose latest run was started in a way that loses the lineage which its application has:
    /// a `spark-defaults` or `core-site` of its own, which **replaces** the application's whole on every
    /// release before emr-spark-8.1.0, `--jars` or `--conf spark.jars` without the agent, a listener list without the
    /// agent's, a mode or dispatcher of its own. The runs of one job make one finding for each cause; a job
    /// that didn't run in the window is left as it was. Where the submit parameters can't be read, or name a
    /// `--properties-file`, it is `unknown`. A run is held against the application's defaults of today, on
    /// the release that was in force for the run; where the application has no lineage either, that is the
    /// fault to mend first. A run's image is its application's of that day, and no fault of the job.
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
    "job-run-drops-lineage", High, JobRun { check }
}

fn check<'a>(ran: &JobRunSubject<'a>, cx: &Context<'a>) -> Vec<Fault> {
    let Some(dropped) = ran.started.dropped(cx) else {
        return Vec::new();
    };
    let cause = dropped.cause();
    let faults = Fault::of_verdict(dropped.verdict).into_iter();
    let faults = faults.map(|fault| fault.part(cause));
    if !ran.is_latest {
        return faults.collect();
    }
    faults
        .map(|fault| fault.mended_by(keeping_lineage(ran, cx)))
        .collect()
}

fn keeping_lineage<'a>(ran: &JobRunSubject<'a>, cx: &Context<'a>) -> Remediation {
    let (Some(mended), Ok(submit)) = (ran.started.mended(cx), ran.started.submit) else {
        return Remediation::default();
    };
    let mut parameters = Vec::new();
    if mended.submit != *submit {
        parameters.push(Parameter::Submit(mended.submit.to_string()));
    }
    let edits = edits_between(&ran.run.configuration, &mended.configuration);
    if !edits.is_empty() {
        parameters.push(Parameter::Edits(&edits));
    }
    start_with(ran.run, &parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Application, Configuration, JobRun};
    use crate::finding::RuleId;
    use crate::finding::Verdict;
    use crate::lineage::Standing;
    use crate::settings::{ApprovedImage, Policy, RuleSettings};
    use crate::subject::application::ApplicationSubject;
    use crate::subject::application::bench::with;
    use crate::subject::job_run::{Roles, submitted};
    use crate::subject::rule::bench::verdict;

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
        judged_under(application, run, Context::example().policy)
    }

    fn judged_under(
        application: &Application,
        run: &JobRun,
        policy: &Policy,
    ) -> (Verdict, Verdict) {
        let cx = Context {
            policy,
            ..Context::example()
        };
        let judged =
            ApplicationSubject::new(application, cx.policy, crate::catalogue::lineage_checks());
        let (submit, roles) = (submitted(run), Roles::default());
        let ran = JobRunSubject::new(run, &judged, &submit, &roles, cx.policy);
        let told = verdict(check(&ran, &cx));
        let Some(mended) = ran.started.mended(&cx) else {
            return (told.clone(), told);
        };
        let mut better = run.clone();
        better.configuration = mended.configuration;
        let submit = Ok(mended.submit);
        (
            told,
            verdict(check(
                &JobRunSubject::new(&better, &judged, &submit, &roles, cx.policy),
                &cx,
            )),
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
    fn a_fault_that_costs_no_lineage_hides_no_drop() {
        let mine = run("emr-7.1.0", &[], "--jars s3://b/mine.jar");
        let dropped = |changes: &[_], policy: &Policy| {
            let (verdict, mended) = judged_under(&with(changes), &mine, policy);
            assert!(
                matches!(&verdict, Verdict::Fail(text) if text.contains("by the job's `--jars`: ")),
                "{verdict:?}"
            );
            assert_eq!(mended, Verdict::Pass);
        };
        let mut policy = Policy::default();
        policy.rules.agent_outdated.minimum = Some("2.2.3".into());
        let old = "s3://b/spark-3.5-spline-agent-bundle_2.12-2.2.0.jar";
        dropped(&[("spark.jars", Some(old))], &policy);
        policy.rules.dispatcher_unapproved.destinations = vec!["https://other/*".into()];
        dropped(&[], &policy);
        let stray = "za.co.absa.spline.harvester.listener.SplineQueryExecutionListener,\
                     io.openlineage.spark.agent.OpenLineageSparkListener";
        dropped(&[(LISTENERS, Some(stray))], &Policy::default());
    }

    #[test]
    fn a_rule_that_is_switched_off_hides_no_drop() {
        let mut policy = Policy::default();
        let rule = RuleId::from("spline-dispatcher-unapproved");
        let off = RuleSettings {
            enabled: false,
            ..RuleSettings::default()
        };
        policy.rules.settings.insert(rule, off);
        let console = with(&[("spark.spline.lineageDispatcher", Some("console"))]);
        let mine = run("emr-7.1.0", &[], "--jars s3://b/mine.jar");
        let (verdict, mended) = judged_under(&console, &mine, &policy);
        assert!(matches!(verdict, Verdict::Fail(_)), "{verdict:?}");
        assert_eq!(mended, Verdict::Pass);
    }

    #[test]
    fn a_run_of_another_release_is_not_blamed_on_todays_agent() {
        let (verdict, _) = judged(&Application::example(), &run("emr-7.0.0", &[], ""));
        assert_eq!(verdict, Verdict::Pass);
        let parameters = "--conf spark.spline.mode=ENABLED";
        let (verdict, _) = judged(&Application::example(), &run("emr-7.0.0", &[], parameters));
        assert_eq!(verdict, Verdict::Pass);
    }

    fn fixed(application: &Application, run: &JobRun, policy: &Policy) -> Remediation {
        let cx = Context {
            policy,
            ..Context::example()
        };
        let judged =
            ApplicationSubject::new(application, policy, crate::catalogue::lineage_checks());
        let (submit, roles) = (submitted(run), Roles::default());
        let ran = JobRunSubject::new(run, &judged, &submit, &roles, policy);
        let ran = JobRunSubject {
            is_latest: true,
            ..ran
        };
        check(&ran, &cx)[0].remedy.written()
    }

    #[test]
    fn the_fix_gives_the_changed_parameters_alone() {
        let cx = Context::example();
        let fix = |parameters: &str| {
            let run = run("emr-7.1.0", &[], parameters);
            fixed(&Application::example(), &run, cx.policy).aws_cli
        };
        let jars = "--jars s3://b/mine.jar,s3://lineage-artifacts/spline/spline-7.1.0.jar";
        let gives = |parameters: &str, mended: &str| {
            let fix = fix(parameters);
            let given = format!(".jobDriver.sparkSubmit.sparkSubmitParameters = \"{mended}\"");
            assert!(fix.contains(&given), "{fix}");
        };
        gives(
            "--class x.Main --jars s3://b/mine.jar",
            &format!("--class x.Main {jars}"),
        );
        let harmless = "--conf spark.spline.postProcessingFilter=userExtra \
                        --conf spark.spline.lineageDispatcher.http.producer.url=https://other";
        gives(
            &format!("--jars s3://b/mine.jar {harmless}"),
            &format!("{jars} {harmless}"),
        );
        // One cause after the other.
        gives(
            &format!("--jars s3://b/mine.jar --conf spark.spline.mode=DISABLED {harmless}"),
            &format!("{jars} --conf spark.spline.mode=ENABLED {harmless}"),
        );
    }

    #[test]
    fn a_listener_in_the_wrong_list_is_taken_out() {
        let stray = "io.openlineage.spark.agent.OpenLineageSparkListener";
        let parameters = format!("--conf {LISTENERS}=com.x.Own,{stray}");
        drops(&run("emr-7.1.0", &[], &parameters));
    }

    #[test]
    fn a_core_site_of_its_own_is_seen_and_mended() {
        let with_site = |properties: &[_]| JobRun {
            configuration: vec![Configuration::new("core-site", properties)],
            ..run("emr-7.1.0", &[], "")
        };
        let own = with_site(&[("fs.s3.a", "b"), ("spline.mode", "DISABLED")]);
        let text = drops(&own);
        assert!(
            text.starts_with("`spline.mode` is set by the job's `core-site`: "),
            "{text}"
        );
        let cx = Context::example();
        let fix = fixed(&Application::example(), &own, cx.policy).aws_cli;
        let taken = "at(\"core-site\"; del(.[\"spline.mode\"]))";
        assert!(!fix.contains("fs.s3.a") && fix.contains(taken), "{fix}");
    }

    #[test]
    fn a_core_site_replaces_the_applications_whole() {
        let url = "spline.lineageDispatcher.http.producer.url";
        let mut application = with(&[(&format!("spark.{url}"), None)]);
        let site = Configuration::new("core-site", &[(url, "https://x")]);
        application.runtime_configuration.push(site);
        let own = JobRun {
            configuration: vec![Configuration::new("core-site", &[("fs.s3.a", "b")])],
            ..run("emr-7.1.0", &[], "")
        };
        let (verdict, mended) = judged(&application, &own);
        let start = format!(
            "on emr-7.1.0 the job's `core-site` replaces the application's whole, and `{url}` with it"
        );
        assert!(
            matches!(&verdict, Verdict::Fail(text) if text.starts_with(&start)),
            "{verdict:?}"
        );
        assert_eq!(mended, Verdict::Pass);
        let cx = Context::example();
        let judged =
            ApplicationSubject::new(&application, cx.policy, crate::catalogue::lineage_checks());
        let (submit, roles) = (submitted(&own), Roles::default());
        let ran = JobRunSubject::new(&own, &judged, &submit, &roles, cx.policy);
        assert_eq!(ran.started.standing(&cx, Standing::With), Standing::Without);
        let strange = JobRun {
            release_label: "latest".into(),
            ..own
        };
        let (verdict, _) = self::judged(&application, &strange);
        assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
    }

    #[test]
    fn a_run_before_a_change_of_the_image_is_not_blamed_for_it() {
        let holding = |uri: &str, holds: &[&str]| ApprovedImage {
            uri: uri.into(),
            holds: Some(holds.iter().map(|&name| name.to_owned()).collect()),
        };
        let policy = Policy {
            images: vec![
                holding("1.dkr.ecr/agent:1", &["spline-7.1.0.jar"]),
                holding("1.dkr.ecr/bare:1", &[]),
            ],
            ..Policy::default()
        };
        let application = Application {
            image: Some("1.dkr.ecr/agent:1".into()),
            ..with(&[("spark.jars", None)])
        };
        for parameters in ["--class x.Main", "--conf spark.spline.mode=ENABLED"] {
            let earlier = JobRun {
                image: Some("1.dkr.ecr/bare:1".into()),
                ..run("emr-7.1.0", &[], parameters)
            };
            let (verdict, _) = judged_under(&application, &earlier, &policy);
            assert_eq!(verdict, Verdict::Pass, "{parameters}");
            let cx = Context {
                policy: &policy,
                ..Context::example()
            };
            let judged =
                ApplicationSubject::new(&application, &policy, crate::catalogue::lineage_checks());
            let (submit, roles) = (submitted(&earlier), Roles::default());
            let ran = JobRunSubject::new(&earlier, &judged, &submit, &roles, &policy);
            let standing = ran.started.standing(&cx, Standing::With);
            assert_eq!(standing, Standing::Unknown);
        }
    }

    #[test]
    fn a_job_may_drop_lineage_whatever_its_image() {
        let application = Application {
            image: Some("1.dkr.ecr/spark:2".into()),
            ..with(&[])
        };
        let earlier = JobRun {
            image: Some("1.dkr.ecr/spark:1".into()),
            ..run("emr-7.1.0", &[], "--conf spark.spline.mode=DISABLED")
        };
        let (verdict, mended) = judged(&application, &earlier);
        assert!(matches!(verdict, Verdict::Fail(_)), "{verdict:?}");
        assert_eq!(mended, Verdict::Pass);
    }
}
