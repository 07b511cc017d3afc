//! Tags of applications, roles and policies. Where no value is known, a person has to say which.

use std::collections::BTreeSet;

use serde_json::json;

use super::change::demand;
use super::emr::{hcl, shell};
use crate::estate::{Application, Arn, ManagedPolicy};
use crate::finding::{Remediation, ShellParameter};

/// Sets a tag of an application.
pub fn tag_application(application: &Application, key: &str, value: Option<&str>) -> Remediation {
    let command = format!(
        "aws emr-serverless tag-resource --region {} --resource-arn {} --tags",
        shell(application.region.as_str()),
        shell(application.arn.as_str())
    );
    let known = |value: &str| json!({ key: value }).to_string();
    let program = format!("{{{}: $TEAM}}", json!(key));
    Remediation {
        aws_cli: commands("", &command, value.map(known), &program),
        terraform: block(key, value),
    }
}

/// Sets a tag of a role.
pub fn tag_role(role: &Arn, key: &str, value: Option<&str>) -> Remediation {
    let name = role.as_str().rsplit('/').next().unwrap_or_default();
    let command = format!("aws iam tag-role --role-name {} --tags", shell(name));
    of_iam(role, &command, key, value)
}

/// Sets a tag of a customer managed policy.
pub fn tag_policy(policy: &ManagedPolicy, key: &str, value: Option<&str>) -> Remediation {
    let arn = shell(policy.arn.as_str());
    let command = format!("aws iam tag-policy --policy-arn {arn} --tags");
    of_iam(&policy.arn, &command, key, value)
}

fn of_iam(resource: &Arn, command: &str, key: &str, value: Option<&str>) -> Remediation {
    let note = format!("# in account {}\n", resource.account());
    let known = |value: &str| iam_tag(key, value);
    let program = format!("[{{Key: {}, Value: $TEAM}}]", json!(key));
    Remediation {
        aws_cli: commands(&note, command, value.map(known), &program),
        terraform: block(key, value),
    }
}

/// The command with the tags, or with what jq makes of the team that a person supplies.
fn commands(note: &str, command: &str, tags: Option<String>, program: &str) -> String {
    if let Some(tags) = tags {
        return format!("{note}{command} {}", shell(&tags));
    }
    let team = demand(&BTreeSet::from([ShellParameter::new("TEAM", "ads")]));
    let program = shell(program);
    format!("{note}{team}{command} \"$(jq -n --arg TEAM \"$TEAM\" {program})\"")
}

/// A tag in the AWS CLI's shorthand, or as JSON where the shorthand would read it otherwise.
fn iam_tag(key: &str, value: &str) -> String {
    let special = |text: &str| text.contains([',', '=', '"', '\'', '[', ']', '{', '}']);
    if special(key) || special(value) {
        return json!([{ "Key": key, "Value": value }]).to_string();
    }
    format!("Key={key},Value={value}")
}

fn block(key: &str, value: Option<&str>) -> String {
    let value = value.map_or_else(|| "var.team".to_owned(), hcl);
    format!("tags = {{\n  {} = {value}\n}}", hcl(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Role;

    #[test]
    fn a_tag_is_written_so_that_the_command_reads_it_as_it_is() {
        let tagged = |value: &str| tag_role(&Role::example().arn, "Team", Some(value)).aws_cli;
        let command = "aws iam tag-role --role-name ads-execution --tags";
        assert!(tagged("ads").ends_with(&format!("{command} Key=Team,Value=ads")));
        let json = r#"'[{"Key":"Team","Value":"a,b"}]'"#;
        assert!(tagged("a,b").ends_with(&format!("{command} {json}")));
    }

    /// What the AWS CLI is given where the team is this.
    fn given(remediation: &Remediation, team: Option<&str>) -> (String, bool) {
        let aws = "aws() { for last; do :; done; printf %s \"$last\" | jq -c .; }\n";
        let output = std::process::Command::new("sh")
            .args(["-c", &format!("{aws}{}", remediation.aws_cli)])
            .env_remove("TEAM")
            .envs(team.map(|team| ("TEAM", team)))
            .output()
            .unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        (told.trim().to_owned(), output.status.success())
    }

    #[test]
    fn a_team_that_is_not_known_is_asked_for() {
        let role = tag_role(&Role::example().arn, "Te\"am", None);
        assert_eq!(given(&role, None), (String::new(), false));
        let tags = r#"[{"Key":"Te\"am","Value":"a'd\"s"}]"#;
        assert_eq!(given(&role, Some("a'd\"s")), (tags.into(), true));
        let application = tag_application(&Application::example(), "Team", None);
        assert_eq!(given(&application, None), (String::new(), false));
        assert_eq!(
            given(&application, Some("ads")),
            (r#"{"Team":"ads"}"#.into(), true)
        );
        assert!(application.terraform.contains("\"Team\" = var.team"));
    }
}
