//! Answers that must hold a list: where it is missing, the SDK hands over an empty one, which would read as
//! "there are none".

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;

/// The lists that the answers of each operation must hold.
const LISTS: [(&str, &[&str]); 7] = [
    ("ListAccounts", &["Accounts"]),
    ("ListRegions", &["Regions"]),
    ("ListApplications", &["applications"]),
    ("ListJobRuns", &["jobRuns"]),
    ("ListSessions", &["sessions"]),
    (
        "GetAccountAuthorizationDetails",
        &["RoleDetailList", "Policies"],
    ),
    ("ListPolicyTags", &["Tags"]),
];

/// An answer without its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is without its list `{0}`")]
pub(super) struct MissingList(&'static str);

/// Refuses an answer that lacks a list which its operation always gives.
#[derive(Debug)]
pub(super) struct WholeLists;

#[dyn_dispatch_hint]
impl Intercept for WholeLists {
    fn name(&self) -> &'static str {
        "WholeLists"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // A failure is told by its own error.
        if context.output_or_error().is_err() {
            return Ok(());
        }
        let operation = cfg.load::<Metadata>().map_or("", Metadata::name);
        let body = context.response().body().bytes().unwrap_or_default();
        Ok(check(operation, body)?)
    }
}

fn check(operation: &str, body: &[u8]) -> Result<(), MissingList> {
    let lists = LISTS.iter().find(|(of, _)| *of == operation);
    let lists = lists.map_or(&[][..], |(_, lists)| lists);
    // Each protocol is told by its first character.
    let is_xml = body.trim_ascii_start().starts_with(b"<");
    let missing = if is_xml {
        let text = String::from_utf8_lossy(body);
        lists.iter().find(|list| !has_element(&text, list))
    } else if lists.is_empty() {
        None
    } else {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        lists.iter().find(|list| !has_array(&answer, list))
    };
    missing.map_or(Ok(()), |list| Err(MissingList(list)))
}

/// The names of the lists are those of no element within them.
fn has_element(xml: &str, name: &str) -> bool {
    let begin = format!("<{name}");
    let mut after = xml.split(begin.as_str()).skip(1);
    after.any(|rest| rest.starts_with(['>', '/', ' ']))
}

/// The SDK drops what is `null` in a list, too.
fn has_array(answer: &Value, name: &str) -> bool {
    let list = answer.get(name).and_then(Value::as_array);
    list.is_some_and(|items| !items.iter().any(Value::is_null))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_may_be_empty_but_not_missing() {
        let whole = [
            r#"{"applications":[]}"#,
            r#"{"nextToken":"x","applications":[{"id":"1"}]}"#,
        ];
        for body in whole {
            assert_eq!(check("ListApplications", body.as_bytes()), Ok(()));
        }
        let missing = [
            "",
            "{}",
            "null",
            "[]",
            r#"{"applications":null}"#,
            r#"{"applications":{}}"#,
            r#"{"applications":[null]}"#,
            r#"{"Applications":[]}"#,
        ];
        for body in missing {
            let refused = check("ListApplications", body.as_bytes());
            assert_eq!(refused, Err(MissingList("applications")), "{body}");
        }
    }

    #[test]
    fn each_list_of_a_document_is_looked_for() {
        let operation = "GetAccountAuthorizationDetails";
        let answer = |inner: &str| {
            let body = format!("<?xml version=\"1.0\"?><R xmlns=\"x\">{inner}</R>");
            check(operation, body.as_bytes())
        };
        assert_eq!(answer("<RoleDetailList/><Policies></Policies>"), Ok(()));
        let without = answer("<RoleDetailList></RoleDetailList><PoliciesOfOthers/>");
        assert_eq!(without, Err(MissingList("Policies")));
        assert_eq!(answer(""), Err(MissingList("RoleDetailList")));
    }

    #[test]
    fn an_operation_that_gives_no_list_may_answer_anything() {
        assert_eq!(check("GetApplication", b"{}"), Ok(()));
    }
}
