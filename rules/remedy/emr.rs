//! The change that mends a finding, written as commands and as Terraform.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::estate::{Application, Configuration, ManagedPolicy, Role};
use crate::finding::{Attribute, Edit, Remediation};
use crate::secrets::is_hidden;
use crate::spark::is_spark_defaults;

/// Sets keys of `spark-defaults`; all other keys and classifications are kept.
pub fn set_spark_defaults(application: &Application, changes: &[(&str, &str)]) -> Remediation {
    let mut configurations = application.runtime_configuration.clone();
    if !configurations.iter().any(is_spark_defaults) {
        configurations.insert(0, Configuration::new("spark-defaults", &[]));
    }
    if let Some(defaults) = configurations
        .iter_mut()
        .rfind(|item| is_spark_defaults(item))
    {
        let changes = changes
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()));
        defaults.properties.extend(changes);
    }
    set_configurations(application, &configurations)
}

/// Sets the whole runtime configuration: `UpdateApplication` takes no less, and whether it would keep a
/// classification that is left out is not documented.
pub fn set_configurations(
    application: &Application,
    configurations: &[Configuration],
) -> Remediation {
    let note = hidden_note(configurations);
    // Pretty JSON never holds a line that is `EOF` alone: text in it is quoted, breaks escaped.
    let body = wire(configurations);
    let change = format!("--runtime-configuration \"$(cat <<'EOF'\n{body}\nEOF\n)\"");
    let mended = update(application, &change, &runtime_configuration(configurations));
    Remediation {
        aws_cli: format!("{note}{}", mended.aws_cli),
        terraform: format!("{note}{}", mended.terraform),
    }
}

/// Changes an application that must not run for it: it is stopped if it does, and started again. A step
/// that fails ends them, so that nothing waits for an application which doesn't stop.
pub fn update(application: &Application, change: &str, terraform: &str) -> Remediation {
    let runs = !matches!(application.state.as_str(), "CREATED" | "STOPPED");
    if !runs {
        return update_running(application, change, terraform);
    }
    let of = target(application);
    Remediation {
        aws_cli: format!(
            "# fails while jobs run or wait: let them end first\n\
             aws emr-serverless stop-application {of} &&\n\
             until [ \"$(aws emr-serverless get-application {of} --query application.state \
             --output text)\" = STOPPED ]; do sleep 5; done &&\n\
             aws emr-serverless update-application {of} {change} &&\n\
             aws emr-serverless start-application {of}"
        ),
        terraform: terraform.to_owned(),
    }
}

/// Changes what may be changed of an application while it runs.
pub fn update_running(application: &Application, change: &str, terraform: &str) -> Remediation {
    let of = target(application);
    Remediation {
        aws_cli: format!("aws emr-serverless update-application {of} {change}"),
        terraform: terraform.to_owned(),
    }
}

/// The options that name an application to the AWS CLI.
pub fn target(application: &Application) -> String {
    let region = shell(application.region.as_str());
    format!(
        "--region {region} --application-id {}",
        shell(&application.id)
    )
}

/// Goes back to the release's own image, for all workers and for each type. An update that leaves the
/// image's URI out removes the image, says the API's reference of `UpdateApplication`.
pub fn drop_images(application: &Application) -> Vec<Edit> {
    let terraform = "# remove image_configuration, of the application and of its worker types";
    let attribute = |member: &str, program: String, terraform: &str| {
        Edit::Attribute(Attribute {
            member: member.into(),
            program,
            asked: Vec::new(),
            terraform: terraform.into(),
            while_running: false,
        })
    };
    let mut edits = Vec::new();
    if application.image.is_some() {
        edits.push(attribute("imageConfiguration", "{}".into(), terraform));
    }
    if !application.worker_images.is_empty() {
        let kinds = application.worker_images.keys();
        let bare: BTreeMap<_, _> = kinds
            .map(|kind| (kind, json!({ "imageConfiguration": {} })))
            .collect();
        let terraform = if edits.is_empty() { terraform } else { "" };
        let bare = json!(bare).to_string();
        edits.push(attribute("workerTypeSpecifications", bare, terraform));
    }
    edits
}

/// Stops an application.
pub fn stop(application: &Application) -> Remediation {
    Remediation {
        aws_cli: format!(
            "aws emr-serverless stop-application {}",
            target(application)
        ),
        terraform: String::new(),
    }
}

const HIDDEN_NOTE: &str = "# put back the values shown as [redacted]\n";

fn hidden_note(configurations: &[Configuration]) -> &'static str {
    let hidden = configurations
        .iter()
        .any(|item| item.properties.values().any(|value| is_hidden(value)));
    if hidden { HIDDEN_NOTE } else { "" }
}

/// Sets a tag of an application; where no value is given, a person has to say which.
pub fn set_tag(application: &Application, key: &str, value: Option<&str>) -> Remediation {
    let region = shell(application.region.as_str());
    let arn = shell(application.arn.as_str());
    let tag = |tags: &str| {
        format!(
            "aws emr-serverless tag-resource --region {region} --resource-arn {arn} --tags {tags}"
        )
    };
    if let Some(value) = value {
        return Remediation {
            aws_cli: tag(&shell(&json!({ key: value }).to_string())),
            terraform: tags_block(key, &hcl(value)),
        };
    }
    let program = shell(&format!("{{{}: $TEAM}}", json!(key)));
    let tags = format!("\"$(jq -n --arg TEAM \"$TEAM\" {program})\"");
    Remediation {
        aws_cli: format!(": \"${{TEAM:?set TEAM, such as ads}}\" &&\n{}", tag(&tags)),
        terraform: tags_block(key, "var.team"),
    }
}

/// Sets a tag of a role.
pub fn tag_role(role: &Role, key: &str, value: &str) -> Remediation {
    Remediation {
        aws_cli: format!(
            "# in account {}\naws iam tag-role --role-name {} --tags {}",
            role.arn.account(),
            shell(&role.name),
            shell(&iam_tag(key, value))
        ),
        terraform: tags_block(key, &hcl(value)),
    }
}

/// Sets a tag of a customer managed policy.
pub fn tag_policy(policy: &ManagedPolicy, key: &str, value: &str) -> Remediation {
    Remediation {
        aws_cli: format!(
            "# in account {}\naws iam tag-policy --policy-arn {} --tags {}",
            policy.arn.account(),
            shell(policy.arn.as_str()),
            shell(&iam_tag(key, value))
        ),
        terraform: tags_block(key, &hcl(value)),
    }
}

/// A tag in the AWS CLI's shorthand, or as JSON where the shorthand would read it otherwise.
fn iam_tag(key: &str, value: &str) -> String {
    let special = |text: &str| text.contains([',', '=', '"', '\'', '[', ']', '{', '}']);
    if special(key) || special(value) {
        return json!([{ "Key": key, "Value": value }]).to_string();
    }
    format!("Key={key},Value={value}")
}

fn tags_block(key: &str, value: &str) -> String {
    format!("tags = {{\n  {} = {value}\n}}", hcl(key))
}

/// Classifications as the API takes them.
fn wire(configurations: &[Configuration]) -> String {
    let list: Vec<Value> = configurations.iter().map(to_wire).collect();
    serde_json::to_string_pretty(&list).unwrap_or_default()
}

fn to_wire(configuration: &Configuration) -> Value {
    let mut value = json!({
        "classification": configuration.classification,
        "properties": configuration.properties,
    });
    if !configuration.configurations.is_empty()
        && let Some(fields) = value.as_object_mut()
    {
        let nested = configuration.configurations.iter().map(to_wire).collect();
        fields.insert("configurations".into(), nested);
    }
    value
}

fn runtime_configuration(configurations: &[Configuration]) -> String {
    let blocks = configurations.iter().map(|configuration| {
        let properties = configuration.properties.iter();
        let lines = properties.map(|(key, value)| format!("    {} = {}", hcl(key), hcl(value)));
        let properties = lines.collect::<Vec<_>>().join("\n");
        let note = if configuration.configurations.is_empty() {
            ""
        } else {
            "# Terraform can't write the classifications within this one: use the AWS CLI\n"
        };
        format!(
            "{note}runtime_configuration {{\n  classification = {}\n  properties = {{\n{properties}\n  }}\n}}",
            hcl(&configuration.classification)
        )
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// A word for a POSIX shell, quoted where it needs to be.
pub fn shell(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A string literal of Terraform's language, in which nothing is interpolated.
pub fn hcl(text: &str) -> String {
    let escaped = text.chars().map(|letter| match letter {
        '"' => "\\\"".to_owned(),
        '\\' => r"\\".to_owned(),
        '\n' => r"\n".to_owned(),
        '\r' => r"\r".to_owned(),
        '\t' => r"\t".to_owned(),
        control if control.is_control() => format!("\\u{:04x}", u32::from(control)),
        other => other.to_string(),
    });
    let escaped: String = escaped.collect();
    format!("\"{}\"", escaped.replace("${", "$${").replace("%{", "%%{"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::REDACTED;

    #[test]
    fn an_application_that_does_not_run_is_not_stopped() {
        let stopped = Application {
            state: "STOPPED".into(),
            ..Application::example()
        };
        let fix = set_spark_defaults(&stopped, &[("spark.spline.mode", "ENABLED")]);
        assert!(!fix.aws_cli.contains("stop-application"), "{}", fix.aws_cli);
        let fix = set_spark_defaults(&Application::example(), &[]);
        assert!(fix.aws_cli.contains("= STOPPED ]"), "{}", fix.aws_cli);
    }

    /// What a shell does of the commands where this step fails.
    fn steps(failing: &str) -> String {
        let commands = set_spark_defaults(&Application::example(), &[]).aws_cli;
        let aws = "aws() { echo \"$2\" >&2; echo STOPPED; [ \"$2\" != \"$FAILING\" ]; }\n";
        let sleep = "sleep() { echo slept >&2; exit; }\n";
        let shell = std::process::Command::new("sh")
            .args(["-c", &format!("{aws}{sleep}{commands}")])
            .env("FAILING", failing)
            .output();
        String::from_utf8(shell.unwrap().stderr).unwrap()
    }

    #[test]
    fn a_step_that_fails_is_the_last() {
        let steps = |failing| steps(failing).replace("-application\n", " ");
        assert_eq!(steps(""), "stop get update start ");
        assert_eq!(steps("stop-application"), "stop ");
        assert_eq!(steps("update-application"), "stop get update ");
    }

    #[test]
    fn classifications_within_others_are_kept_where_they_can_be_written() {
        let mut application = Application::example();
        let mut outer = Configuration::new("spark", &[]);
        outer.configurations = vec![Configuration::new("inner", &[("a", "b")])];
        application.runtime_configuration.push(outer);
        let fix = set_spark_defaults(&application, &[]);
        assert!(fix.aws_cli.contains("\"inner\""), "{}", fix.aws_cli);
        assert!(
            fix.terraform.contains("# Terraform can't"),
            "{}",
            fix.terraform
        );
    }

    #[test]
    fn other_keys_and_classifications_are_kept() {
        let mut application = Application::example();
        application.runtime_configuration.push(Configuration::new(
            "spark-driver-log4j2",
            &[("rootLogger.level", "warn")],
        ));
        let fix = set_spark_defaults(&application, &[("spark.spline.mode", "ENABLED")]);
        for kept in ["spline-7.1.0.jar", "rootLogger.level", "spark.spline.mode"] {
            assert!(fix.aws_cli.contains(kept), "{}", fix.aws_cli);
            assert!(fix.terraform.contains(kept), "{}", fix.terraform);
        }
        assert!(!fix.aws_cli.contains("put back"));
    }

    #[test]
    fn a_redacted_value_is_said_to_be_missing() {
        let mut application = Application::example();
        application.runtime_configuration[0]
            .properties
            .insert("spark.token".into(), REDACTED.into());
        let fix = set_spark_defaults(&application, &[]);
        assert!(fix.aws_cli.starts_with("# put back"));
        assert!(fix.terraform.starts_with("# put back"));
    }

    #[test]
    fn a_tag_is_written_so_that_the_command_reads_it_as_it_is() {
        let tagged = |value: &str| tag_role(&Role::example(), "Team", value).aws_cli;
        let command = "aws iam tag-role --role-name ads-execution --tags";
        assert!(tagged("ads").ends_with(&format!("{command} Key=Team,Value=ads")));
        let json = r#"'[{"Key":"Team","Value":"a,b"}]'"#;
        assert!(tagged("a,b").ends_with(&format!("{command} {json}")));
    }

    #[test]
    fn hostile_text_stays_a_word() {
        assert_eq!(shell("00f1abc"), "00f1abc");
        assert_eq!(shell("a'; rm -rf / #"), r"'a'\''; rm -rf / #'");
        assert_eq!(hcl("a\"${b}\n"), r#""a\"$${b}\n""#);
    }

    /// Terraform 1.11.4 prints the text on the left for each literal on the right: of `$$${`, the first is
    /// itself and the others are the escape.
    #[test]
    fn what_looks_like_an_escape_of_terraform_is_escaped() {
        for (text, literal) in [
            ("${x}", r#""$${x}""#),
            ("$${x}", r#""$$${x}""#),
            ("$$${x}", r#""$$$${x}""#),
            ("%%{x}", r#""%%%{x}""#),
            ("%${x}", r#""%$${x}""#),
            ("$%{x}", r#""$%%{x}""#),
            ("$$ x$", r#""$$ x$""#),
        ] {
            assert_eq!(hcl(text), literal);
        }
    }
}
