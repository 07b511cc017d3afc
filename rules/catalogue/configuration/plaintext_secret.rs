use crate::estate::{Configuration, JobRun};
use crate::finding::{Edit, Fault, Piece, Remedy, ShellParameter, Template};
use crate::remedy::{Parameter, open_with, start_with};
use crate::secrets::secret_marker;
use crate::settings::Context;
use crate::subject::configuration::ConfigurationSubject;
use crate::subject::rule::rule;

/// How many keys the evidence names.
const NAMED: usize = 5;

/// How many characters of a key the evidence shows.
const LONGEST_KEY: usize = 80;

/// What to do with a secret outside the classifications, or within a nested one.
const ELSEWHERE: &str = "change the secret, keep the new one in AWS Secrets Manager, and name it as \
    EMR.secret@NAME in --conf of the submit parameters, in the parameters of a Hive query or in a classification; \
    what stands in arguments or code is for the job to read itself";

rule! {
    /// A secret stands in plain text
    ///
    /// Flags secrets in the runtime configuration of applications, in the overrides of job runs and
    /// sessions, in submit parameters and entry-point arguments, in the query, its initial file and the parameters
    /// of Hive jobs, environment variables of drivers and
    /// executors (`spark.emr-serverless.driverEnv.*`, `spark.executorEnv.*`) among them. A secret is told
    /// by its key together with a value that may be one, by a shape that only secrets have, or by its
    /// randomness. `EMR.secret@` references are none.
    ///
    /// Lineward puts secrets out of sight as it reads them. The evidence names the key, and at most four
    /// characters of a prefix that is public (`AKIA`).
    ///
    /// ## Why it matters
    /// `GetApplication`, `GetJobRun` and `GetSession` return it to everybody who may read the application,
    /// and the Spark UI and logs may show it.
    ///
    /// ## How to fix
    /// Treat the secret as known: change it. Keep the new one in AWS Secrets Manager, and put
    /// `EMR.secret@NAME` in its place: in a classification, in `--conf` of the submit parameters, or in the
    /// parameters of a Hive query. EMR Serverless resolves it when the job runs. The resource policy of the
    /// secret must let the execution role and EMR Serverless read it, and its KMS key must be customer
    /// managed, with a key policy that admits `emr-serverless.amazonaws.com`. Arguments and code take no such
    /// reference: let the job read the secret itself.
    ///
    /// Source: EMR Serverless User Guide, "Secrets Manager for data protection".
    "configuration-plaintext-secret", High, Configuration { check }
}

fn check(configured: &ConfigurationSubject<'_>, _: &Context<'_>) -> Vec<Fault> {
    let mut places = Vec::new();
    of_configurations(configured.configurations(), &mut places);
    if let ConfigurationSubject::JobRun(run) = configured {
        of_job_run(run, &mut places);
    }
    if places.is_empty() {
        return Vec::new();
    }
    let shown = places.iter().take(NAMED).map(|(place, marker)| {
        let mut parts = marker.trim_matches(['[', ']']).split(':').skip(2);
        let prefix = parts.next().map(|prefix| format!(" ({prefix}…)"));
        format!("{place}{}", prefix.unwrap_or_default())
    });
    let shown: Vec<_> = shown.collect();
    let more = places.len().saturating_sub(NAMED);
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    let evidence = format!("a secret in plain text in {}{more}", shown.join(", "));
    vec![Fault::fail(evidence).mended_by(referring(configured))]
}

fn of_job_run<'a>(run: &'a JobRun, places: &mut Vec<(String, &'a str)>) {
    let submit = run.spark_submit.as_ref();
    let hive = run.hive.as_ref();
    let parameters = [
        submit.and_then(|submit| submit.parameters.as_deref()),
        hive.and_then(|hive| hive.parameters.as_deref()),
    ];
    let parameters = parameters.into_iter().flatten();
    let parameters = parameters.flat_map(str::split_whitespace);
    let arguments = submit.into_iter().flat_map(|submit| &submit.arguments);
    let mut before = "";
    for word in parameters.chain([""]).chain(arguments.map(String::as_str)) {
        if let Some(marker) = secret_marker(word) {
            places.push((named(word, marker, before), marker));
        }
        before = word;
    }
    let files = [
        (
            "the entry point",
            submit.map(|submit| submit.entry_point.as_str()),
        ),
        ("the query", hive.map(|hive| hive.query.as_str())),
        (
            "the initial query file",
            hive.and_then(|hive| hive.init_query_file.as_deref()),
        ),
    ];
    for (place, text) in files {
        if let Some(marker) = text.and_then(secret_marker) {
            places.push((place.into(), marker));
        }
    }
}

fn of_configurations<'a>(configurations: &'a [Configuration], places: &mut Vec<(String, &'a str)>) {
    for configuration in configurations {
        for (key, value) in &configuration.properties {
            if let Some(marker) = secret_marker(value) {
                let classification = &configuration.classification;
                places.push((format!("`{key}` of `{classification}`"), marker));
            }
        }
        of_configurations(&configuration.configurations, places);
    }
}

/// What names the secret: the key before it in its word, or else the option before the word.
fn named(word: &str, marker: &str, before: &str) -> String {
    let text = word.split(marker).next().unwrap_or_default();
    if let Some(key) = last_key(text) {
        return format!("`{key}`");
    }
    match last_key(before).filter(|option| option.starts_with('-')) {
        Some(option) => format!("the value of `{option}`"),
        None => "an argument".into(),
    }
}

/// The last word of a text that could be a key: what else stands there may be anything.
fn last_key(text: &str) -> Option<String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let mut words = text.rsplit(|letter| !plain(letter));
    let key = words.find(|word| word.contains(|letter: char| letter.is_ascii_alphanumeric()))?;
    Some(key.chars().take(LONGEST_KEY).collect())
}

/// Puts references in the place of the secrets of classifications. Among other text, in submit parameters
/// and in arguments none is resolved: there only words help.
/// Puts a reference in the place of each value that is a secret as a whole. What holds one among other text
/// is for a person to take apart.
fn referring(configured: &ConfigurationSubject<'_>) -> Remedy {
    let mut edits = Vec::new();
    for configuration in configured.configurations() {
        for (key, value) in &configuration.properties {
            match secret_marker(value) {
                Some(marker) if marker == value => edits.push(Edit::Set {
                    classification: configuration.classification.clone(),
                    key: key.clone(),
                    value: reference(edits.len() + 1),
                }),
                Some(_) => edits.extend(last_key(key).map(|key| {
                    Edit::ByHand(format!(
                        "{key} holds a secret among other text, where no reference is resolved: move the \
                         secret to a key of its own"
                    ))
                })),
                None => {}
            }
        }
    }
    if edits.is_empty() {
        edits.push(Edit::ByHand(ELSEWHERE.into()));
    }
    match configured {
        ConfigurationSubject::Application(_) => edits.into(),
        ConfigurationSubject::JobRun(run) => start_with(run, &[Parameter::Edits(&edits)]).into(),
        ConfigurationSubject::Session(session) => open_with(session, &edits).into(),
    }
}

/// The reference to the secret of this place among several.
fn reference(place: usize) -> Template {
    let secret = ShellParameter::new(
        &format!("SECRET_NAME_{place}"),
        "the name of the new secret",
    );
    Template(vec![
        Piece::Text("EMR.secret@".into()),
        Piece::Asked(secret),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Application, HiveQuery, Session, SparkSubmit};
    use crate::finding::{Remediation, Verdict};
    use crate::remedy::{pasted::paste, written};
    use crate::secrets;
    use crate::subject::rule::bench::verdict as told;

    fn verdict(configured: ConfigurationSubject<'_>) -> Verdict {
        told(check(&configured, &Context::example()))
    }

    fn property(key: &str, value: &str) -> Configuration {
        Configuration::new("spark-defaults", &[(key, &secrets::property(key, value))])
    }

    #[test]
    fn hive_jobs_are_read() {
        let secret = "--hiveconf javax.jdo.option.ConnectionPassword=Tr0ub4dor-3xyz";
        let of = |hive: HiveQuery| {
            let run = JobRun {
                spark_submit: None,
                hive: Some(hive),
                ..JobRun::example()
            };
            verdict(ConfigurationSubject::JobRun(&run))
        };
        let plain = HiveQuery {
            query: "s3://b/q.sql".into(),
            init_query_file: None,
            parameters: Some("--hiveconf hive.exec.scratchdir=s3://b/scratch".into()),
        };
        assert_eq!(of(plain.clone()), Verdict::Pass);
        let parameters = HiveQuery {
            parameters: Some(secrets::text(secret)),
            ..plain.clone()
        };
        assert!(
            matches!(of(parameters), Verdict::Fail(text) if text.contains("ConnectionPassword"))
        );
        let query = HiveQuery {
            query: secrets::text(
                "SET javax.jdo.option.ConnectionPassword=Tr0ub4dor-3xyz; SELECT 1",
            ),
            ..plain
        };
        assert!(matches!(of(query), Verdict::Fail(text) if text.contains("the query")));
    }

    #[test]
    fn a_configuration_without_secrets_passes() {
        let application = Application::example();
        assert_eq!(
            verdict(ConfigurationSubject::Application(&application)),
            Verdict::Pass
        );
        assert_eq!(
            verdict(ConfigurationSubject::JobRun(&JobRun::example())),
            Verdict::Pass
        );
        assert_eq!(
            verdict(ConfigurationSubject::Session(&Session::example())),
            Verdict::Pass
        );
    }

    #[test]
    fn the_key_is_named_and_no_more_than_a_public_prefix_is_shown() {
        let mut application = Application::example();
        let key = "spark.hadoop.fs.s3a.access.key";
        application.runtime_configuration = vec![property(key, "AKIAIOSFODNN7EXAMPLE")];
        let expected = format!("a secret in plain text in `{key}` of `spark-defaults` (AKIA…)");
        let found = verdict(ConfigurationSubject::Application(&application));
        assert_eq!(found, Verdict::Fail(expected));
    }

    #[test]
    fn a_reference_is_no_secret_and_a_precaution_neither() {
        let mut session = Session::example();
        session.configuration = vec![
            property("spark.db.password", "EMR.secret@arn:aws:secretsmanager:x"),
            property("spark.x.sort.key", "event_time"),
        ];
        assert_eq!(
            verdict(ConfigurationSubject::Session(&session)),
            Verdict::Pass
        );
    }

    #[test]
    fn parameters_and_arguments_are_looked_through() {
        let mut run = JobRun::example();
        let arguments = ["--db-password", "Tr0ub4dor&3horse"].map(String::from);
        run.spark_submit = Some(SparkSubmit {
            entry_point: "s3://b/app.jar".into(),
            arguments: secrets::arguments(&arguments),
            parameters: Some(secrets::text("--conf spark.db.password=Tr0ub4dor&3horse")),
        });
        let found = verdict(ConfigurationSubject::JobRun(&run));
        let expected =
            "a secret in plain text in `spark.db.password`, the value of `--db-password`";
        assert_eq!(found, Verdict::Fail(expected.into()));
    }

    fn remedy(application: &Application) -> Remediation {
        let faults = check(
            &ConfigurationSubject::Application(application),
            &Context::example(),
        );
        let Remedy::Edits(edits) = &faults[0].remedy else {
            panic!("{faults:?}");
        };
        written(application, edits)
    }

    #[test]
    fn the_fix_puts_a_reference_in_the_secrets_place() {
        let mut application = Application::example();
        application
            .runtime_configuration
            .push(property("spark.db.password", "Tr0ub4dor&3horse"));
        let fix = remedy(&application);
        let pasted = paste(&application, &fix, &[("SECRET_NAME_1", "db")]);
        let properties = &pasted.configuration.last().unwrap().properties;
        assert_eq!(properties["spark.db.password"], "EMR.secret@db");
        assert!(!fix.aws_cli.contains("[redacted"), "{}", fix.aws_cli);
        let set = "\"spark.db.password\" = \"EMR.secret@${var.secret_name_1}\"";
        assert!(fix.terraform.contains(set), "{}", fix.terraform);
        assert!(
            !fix.terraform.contains("spline-7.1.0.jar"),
            "{}",
            fix.terraform
        );
    }

    #[test]
    fn the_fix_leaves_the_text_around_a_secret() {
        let mut application = Application::example();
        let key = "spark.driver.extraJavaOptions";
        let options = "-Xmx1g -Ddb.password=Tr0ub4dor&3horse -XX:+UseG1GC";
        application.runtime_configuration = vec![property(key, options)];
        let fix = remedy(&application);
        assert!(
            fix.aws_cli.starts_with(&format!("# {key} holds a secret")),
            "{}",
            fix.aws_cli
        );
        assert!(!fix.aws_cli.contains("EMR.secret@"), "{}", fix.aws_cli);
        application
            .runtime_configuration
            .push(property("spark.db.password", "Tr0ub4dor&3horse"));
        let fix = remedy(&application);
        assert!(fix.aws_cli.starts_with("# spark"), "{}", fix.aws_cli);
        let pasted = paste(&application, &fix, &[("SECRET_NAME_2", "db")]);
        let held = &pasted.configuration[0].properties[key];
        assert_eq!(held, &application.runtime_configuration[0].properties[key]);
    }

    #[test]
    fn a_secret_is_named_by_the_last_key_before_it() {
        let marker = "[redacted:secret]";
        let long = "k".repeat(100);
        for (text, before, name) in [
            ("{\"who\":\"someone\",\"pass\":\"", "", "`pass`"),
            ("jdbc:x://host/db?user=me&password=", "", "`password`"),
            ("spark.x.token=", "--conf", "`spark.x.token`"),
            (&format!("{long}="), "", &format!("`{}`", "k".repeat(80))),
            ("", "--db-password", "the value of `--db-password`"),
            ("", "-Da=x", "an argument"),
            ("=\"", "x", "an argument"),
        ] {
            let word = format!("{text}{marker}\"");
            assert_eq!(named(&word, marker, before), name);
        }
    }

    #[test]
    fn many_are_counted() {
        let mut application = Application::example();
        let keys: Vec<_> = (0..7)
            .map(|index| format!("spark.x{index}.password"))
            .collect();
        let properties = keys.iter().map(|key| property(key, "Tr0ub4dor&3horse"));
        application.runtime_configuration = properties.collect();
        let found = verdict(ConfigurationSubject::Application(&application));
        assert!(matches!(found, Verdict::Fail(text) if text.ends_with(" and 2 more")));
    }
}
