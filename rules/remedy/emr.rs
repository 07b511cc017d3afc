//! The change that mends a finding, written as commands and as Terraform.

use std::collections::BTreeMap;

use serde_json::json;

use crate::estate::{Application, Arn, ManagedPolicy};
use crate::finding::{Attribute, Edit, Remediation};

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
pub fn tag_role(role: &Arn, key: &str, value: &str) -> Remediation {
    let name = role.as_str().rsplit('/').next().unwrap_or_default();
    Remediation {
        aws_cli: format!(
            "# in account {}\naws iam tag-role --role-name {} --tags {}",
            role.account(),
            shell(name),
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
    fn a_tag_is_written_so_that_the_command_reads_it_as_it_is() {
        let tagged =
            |value: &str| tag_role(&crate::estate::Role::example().arn, "Team", value).aws_cli;
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
