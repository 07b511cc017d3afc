use crate::estate::Configuration;
use crate::finding::{Remediation, Verdict};
use crate::remedy::{set_configurations, start_with};
use crate::secrets::secret_marker;
use crate::settings::Context;
use crate::subject::configuration::Configured;
use crate::subject::rule::rule;

/// How many keys the evidence names.
const NAMED: usize = 5;

/// How many characters of a key the evidence shows.
const LONGEST_KEY: usize = 80;

/// What stands in the place of a secret.
const REFERENCE: &str = "EMR.secret@<SecretID>";

rule! {
    /// A secret stands in plain text
    ///
    /// Flags secrets in the runtime configuration of applications, in the overrides of job runs and
    /// sessions, in submit parameters and in entry-point arguments, environment variables of drivers and
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
    /// Treat the secret as known: change it. Keep the new one in AWS Secrets Manager, put
    /// `EMR.secret@<SecretID>` in its place in the configuration, and allow the execution role
    /// `secretsmanager:GetSecretValue` on it. Submit parameters and arguments take no such reference: let
    /// the job ask for the secret itself.
    ///
    /// Source: EMR Serverless User Guide, "Secrets Manager for data protection".
    "configuration-plaintext-secret", High, Configuration { check, fix }
}

fn check(configured: &Configured<'_>, _: &Context<'_>) -> Verdict {
    let mut places = Vec::new();
    of_configurations(configured.configurations(), &mut places);
    if let Configured::JobRun(run) = configured
        && let Some(submit) = &run.spark_submit
    {
        let parameters = submit
            .parameters
            .iter()
            .flat_map(|text| text.split_whitespace());
        let arguments = submit.arguments.iter().map(String::as_str);
        let mut before = "";
        for word in parameters.chain([""]).chain(arguments) {
            if let Some(marker) = secret_marker(word) {
                places.push((named(word, marker, before), marker));
            }
            before = word;
        }
        if let Some(marker) = secret_marker(&submit.entry_point) {
            places.push(("the entry point".into(), marker));
        }
    }
    if places.is_empty() {
        return Verdict::Pass;
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
    Verdict::Fail(format!(
        "a secret in plain text in {}{more}",
        shown.join(", ")
    ))
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
fn fix(configured: &Configured<'_>, _: &Context<'_>) -> Remediation {
    let mut configurations = configured.configurations().to_vec();
    let mut within = Vec::new();
    let any = refer(&mut configurations, &mut within);
    let notes = within.iter().map(|key| {
        format!(
            "# {key} holds a secret among other text, where no reference is resolved: move the secret to a \
             key of its own\n"
        )
    });
    let notes: String = notes.collect();
    let mut remediation = if any {
        changed(configured, &configurations)
    } else {
        Remediation::default()
    };
    if !any && notes.is_empty() {
        "# change the secret; take it out of the submit parameters and arguments, which take no reference; let \
         the job read it with secretsmanager:GetSecretValue"
            .clone_into(&mut remediation.aws_cli);
    }
    remediation.aws_cli.insert_str(0, &notes);
    remediation
}

/// Sets the classifications.
fn changed(configured: &Configured<'_>, configurations: &[Configuration]) -> Remediation {
    match configured {
        Configured::Application(application) => set_configurations(application, configurations),
        Configured::JobRun(run) => start_with(
            &format!("the job {}", run.job()),
            None,
            "applicationConfiguration",
            Some(configurations),
        ),
        Configured::Session(session) => start_with(
            &format!("the session {}", session.kind()),
            None,
            "runtimeConfiguration",
            Some(configurations),
        ),
    }
}

/// Replaces each value that is a secret by a reference, and says whether there was any. The keys of
/// values in which a secret stands among other text are added to `within`.
fn refer(configurations: &mut [Configuration], within: &mut Vec<String>) -> bool {
    let mut any = false;
    for configuration in configurations {
        for (key, value) in &mut configuration.properties {
            match secret_marker(value) {
                Some(marker) if marker == value => {
                    REFERENCE.clone_into(value);
                    any = true;
                }
                Some(_) => within.extend(last_key(key)),
                None => {}
            }
        }
        any |= refer(&mut configuration.configurations, within);
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Application, JobRun, Session, SparkSubmit};
    use crate::secrets;

    fn verdict(configured: Configured<'_>) -> Verdict {
        check(&configured, &Context::example())
    }

    fn property(key: &str, value: &str) -> Configuration {
        Configuration::new("spark-defaults", &[(key, &secrets::property(key, value))])
    }

    #[test]
    fn a_configuration_without_secrets_passes() {
        let application = Application::example();
        assert_eq!(
            verdict(Configured::Application(&application)),
            Verdict::Pass
        );
        assert_eq!(
            verdict(Configured::JobRun(&JobRun::example())),
            Verdict::Pass
        );
        assert_eq!(
            verdict(Configured::Session(&Session::example())),
            Verdict::Pass
        );
    }

    #[test]
    fn the_key_is_named_and_no_more_than_a_public_prefix_is_shown() {
        let mut application = Application::example();
        let key = "spark.hadoop.fs.s3a.access.key";
        application.runtime_configuration = vec![property(key, "AKIAIOSFODNN7EXAMPLE")];
        let expected = format!("a secret in plain text in `{key}` of `spark-defaults` (AKIA…)");
        let found = verdict(Configured::Application(&application));
        assert_eq!(found, Verdict::Fail(expected));
    }

    #[test]
    fn a_reference_is_no_secret_and_a_precaution_neither() {
        let mut session = Session::example();
        session.configuration = vec![
            property("spark.db.password", "EMR.secret@arn:aws:secretsmanager:x"),
            property("spark.x.sort.key", "event_time"),
        ];
        assert_eq!(verdict(Configured::Session(&session)), Verdict::Pass);
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
        let found = verdict(Configured::JobRun(&run));
        let expected =
            "a secret in plain text in `spark.db.password`, the value of `--db-password`";
        assert_eq!(found, Verdict::Fail(expected.into()));
    }

    #[test]
    fn the_fix_puts_a_reference_in_the_secrets_place() {
        let mut application = Application::example();
        application
            .runtime_configuration
            .push(property("spark.db.password", "Tr0ub4dor&3horse"));
        let fix = fix(&Configured::Application(&application), &Context::example());
        assert!(
            fix.aws_cli.contains("EMR.secret@<SecretID>"),
            "{}",
            fix.aws_cli
        );
        assert!(
            fix.terraform.contains("spline-7.1.0.jar"),
            "{}",
            fix.terraform
        );
        assert!(!fix.aws_cli.contains("[redacted"), "{}", fix.aws_cli);
    }

    #[test]
    fn the_fix_leaves_the_text_around_a_secret() {
        let mut application = Application::example();
        let key = "spark.driver.extraJavaOptions";
        let options = "-Xmx1g -Ddb.password=Tr0ub4dor&3horse -XX:+UseG1GC";
        application.runtime_configuration = vec![property(key, options)];
        let remedy = fix(&Configured::Application(&application), &Context::example());
        assert!(
            remedy
                .aws_cli
                .starts_with(&format!("# {key} holds a secret")),
            "{}",
            remedy.aws_cli
        );
        assert!(
            !remedy.aws_cli.contains("EMR.secret@"),
            "{}",
            remedy.aws_cli
        );
        application
            .runtime_configuration
            .push(property("spark.db.password", "Tr0ub4dor&3horse"));
        let remedy = fix(&Configured::Application(&application), &Context::example());
        assert!(remedy.aws_cli.starts_with("# spark"), "{}", remedy.aws_cli);
        for kept in ["-Xmx1g", "-XX:+UseG1GC", "EMR.secret@<SecretID>"] {
            assert!(remedy.terraform.contains(kept), "{}", remedy.terraform);
        }
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
        let found = verdict(Configured::Application(&application));
        assert!(matches!(found, Verdict::Fail(text) if text.ends_with(" and 2 more")));
    }
}
