//! IAM documents: external ids, and whatever else is a secret in their strings, are put out of sight in
//! place, so that the rest of a document is read as it was written.

use super::{Marker, random, shape};

/// What the operators of conditions know external ids by.
const EXTERNAL_ID: &str = "sts:externalid";

/// An IAM document without its secrets. What stands in their place is one value as they were, so that a
/// condition on it stays one.
pub fn document(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_external_id = false;
    while let Some((before, string, after)) = cut(rest) {
        redacted.push_str(before);
        let is_key = after.trim_start().starts_with(':');
        let plain = serde_json::from_str::<String>(string);
        let plain = plain.unwrap_or_else(|_| string.trim_matches('"').to_owned());
        let kept = if is_key {
            is_external_id = plain.eq_ignore_ascii_case(EXTERNAL_ID);
            super::image(&plain)
        } else if is_external_id && is_value(&plain) {
            Marker::secret("").as_str().to_owned()
        } else {
            value(&plain)
        };
        if kept == plain {
            redacted.push_str(string);
        } else {
            redacted.push_str(&serde_json::Value::from(kept).to_string());
        }
        rest = after;
    }
    redacted.push_str(rest);
    redacted
}

/// Names of AWS (ARNs, actions, hosts, conditions' keys) hold colons that assign nothing: in them only
/// what is a secret under any key is looked for.
fn value(plain: &str) -> String {
    let is_name =
        |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@/:*?-${}".contains(letter);
    let assigns = plain.contains('=') || plain.contains("://");
    let is_secret = shape::has_secret(plain) || random::is_bare_secret(plain);
    if plain.chars().all(is_name) && !assigns && !is_secret {
        return plain.to_owned();
    }
    super::text(plain)
}

/// Whether it is the value of an external id rather than a pattern for any or a variable.
fn is_value(plain: &str) -> bool {
    plain.contains(char::is_alphanumeric) && !plain.starts_with("${")
}

/// The first string of a document with its quotes, and what is before and after.
fn cut(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find('"')?;
    let mut is_escaped = false;
    let end = text
        .char_indices()
        .skip_while(|(at, _)| *at <= start)
        .find(|(_, letter)| {
            let ends = *letter == '"' && !is_escaped;
            is_escaped = *letter == '\\' && !is_escaped;
            ends
        });
    let end = end.map_or(text.len(), |(at, _)| at + 1);
    let (before, rest) = text.split_at_checked(start)?;
    let (string, after) = rest.split_at_checked(end - start)?;
    Some((before, string, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: &str = r#"{ "Version":"2012-10-17","Statement":[{"Sid":"secret:a","Effect":"Allow",
        "Action":["iam:PassRole","secretsmanager:GetSecretValue","token:*"],
        "Resource":["arn:aws:logs:*:*:log-group:/team/secret:*","arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf"],
        "Principal":{"Federated":"arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"},
        "Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:team/token:ref:refs/heads/main",
        "sts:ExternalId":["*","${aws:PrincipalTag/x}"]},"DateLessThan":{"aws:TokenIssueTime":"2024-01-01T00:00:00Z"},
        "StringEquals":{"aws:RequestTag/secret":"${aws:PrincipalTag/secret}","iam:PassedToService":"ec2.amazonaws.com"}}}]}"#;

    #[test]
    fn a_document_without_a_secret_stays_byte_for_byte() {
        assert_eq!(document(KEPT), KEPT);
        for odd in ["", "{", "\"", "{\"a", "{\"a\\", "[\"\\ud800\"]"] {
            assert_eq!(document(odd), odd);
        }
    }

    #[test]
    fn external_ids_and_other_secrets_are_hidden_in_place() {
        for (before, after) in [
            (
                r#"{"StringEquals":{"sts:ExternalId":"hunter2","a":"b"}}"#,
                r#"{"StringEquals":{"sts:ExternalId":"[redacted:secret]","a":"b"}}"#,
            ),
            (
                r#"{"StringLike":{"STS:externalid" : [ "hunter2-*", "*" ]}}"#,
                r#"{"StringLike":{"STS:externalid" : [ "[redacted:secret]", "*" ]}}"#,
            ),
            (
                r#"{"sts:External\u0049d":"hunter2"}"#,
                r#"{"sts:External\u0049d":"[redacted:secret]"}"#,
            ),
            (
                r#"{"Sid":"password=hunter2","Resource":"arn:aws:s3:::b/AKIAIOSFODNN7EXAMPLE"}"#,
                r#"{"Sid":"password=[redacted:secret]","Resource":"arn:aws:s3:::b/[redacted:secret:AKIA]"}"#,
            ),
            (
                r#"{"aws:Referer":"https://u:hunter2@h/x"}"#,
                r#"{"aws:Referer":"https://u:[redacted:secret]@h/x"}"#,
            ),
            (
                r#"{"a":"password=hunter2"#,
                r#"{"a":"password=[redacted:secret]""#,
            ),
        ] {
            assert_eq!(document(before), after);
            assert_eq!(document(after), after);
        }
    }
}
