//! The change that mends a finding, written as commands and as Terraform.

use std::collections::BTreeMap;

use serde_json::json;

use crate::estate::Application;
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
