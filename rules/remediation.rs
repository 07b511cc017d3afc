//! The change that mends a finding, written as commands and as Terraform.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::estate::{Application, Configuration};
use crate::finding::Remediation;
use crate::redact::REDACTED;

/// Sets keys of `spark-defaults`; all other keys and classifications are kept.
///
/// `UpdateApplication` takes the list whole, and only while the application is stopped.
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
    let hidden = configurations
        .iter()
        .any(|item| has_redacted(&item.properties));
    let note = if hidden {
        "# put back the values shown as [redacted]\n"
    } else {
        ""
    };
    Remediation {
        aws_cli: note.to_owned() + &update_application(application, &configurations),
        terraform: note.to_owned() + &runtime_configuration(&configurations),
    }
}

/// Adds a tag to a resource that the EMR Serverless API can tag.
pub fn set_tag(application: &Application, key: &str, value: &str) -> Remediation {
    let region = shell(application.region.as_str());
    let arn = shell(application.arn.as_str());
    let tag = shell(&json!({ key: value }).to_string());
    Remediation {
        aws_cli: format!(
            "aws emr-serverless tag-resource --region {region} --resource-arn {arn} --tags {tag}"
        ),
        terraform: format!("tags = {{\n  {} = {}\n}}", hcl(key), hcl(value)),
    }
}

fn is_spark_defaults(configuration: &Configuration) -> bool {
    configuration.classification == "spark-defaults"
}

fn has_redacted(properties: &BTreeMap<String, String>) -> bool {
    properties.values().any(|value| value.contains(REDACTED))
}

fn update_application(application: &Application, configurations: &[Configuration]) -> String {
    let region = shell(application.region.as_str());
    let id = shell(&application.id);
    let list: Vec<Value> = configurations.iter().map(to_wire).collect();
    // Pretty JSON never holds a line that is `EOF` alone: text in it is quoted, breaks escaped.
    let body = serde_json::to_string_pretty(&list).unwrap_or_default();
    format!(
        "aws emr-serverless stop-application --region {region} --application-id {id}\n\
         # wait until get-application says STOPPED\n\
         aws emr-serverless update-application --region {region} --application-id {id} \
         --runtime-configuration \"$(cat <<'EOF'\n{body}\nEOF\n)\"\n\
         aws emr-serverless start-application --region {region} --application-id {id}"
    )
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
        format!(
            "runtime_configuration {{\n  classification = {}\n  properties = {{\n{properties}\n  }}\n}}",
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
    fn hostile_text_stays_a_word() {
        assert_eq!(shell("00f1abc"), "00f1abc");
        assert_eq!(shell("a'; rm -rf / #"), r"'a'\''; rm -rf / #'");
        assert_eq!(hcl("a\"${b}\n"), r#""a\"$${b}\n""#);
    }
}
