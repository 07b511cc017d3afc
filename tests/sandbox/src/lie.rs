//! Answers that aren't true: each operation may be made to lie, as a proxy, a faulty service or a fake one does.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::field::set;
use crate::operation::Protocol;
use crate::refusal::Refusal;
use crate::services::Call;
use crate::wire::answer::{Answer, json_bytes};

/// An operation that lies, and how: `ListAccounts=repeated-token`.
#[derive(Clone, Debug, PartialEq)]
pub struct Lie {
    /// The operation.
    pub operation: String,
    /// How it lies.
    pub kind: LieKind,
}

/// How an operation lies.
#[derive(Clone, Debug, PartialEq)]
pub enum LieKind {
    /// `repeated-token`: the second page names itself as the next.
    RepeatedToken,
    /// `endless-tokens`: each page names another.
    EndlessTokens,
    /// `token-missing`: the list is said to go on, without a marker.
    TokenMissing,
    /// `without-list`: an answer without members.
    WithoutList,
    /// `null`
    Null,
    /// `empty-body`
    EmptyBody,
    /// `other-root`: another element, or a list in place of an object.
    OtherRoot,
    /// `empty-list`: nothing, and no more.
    EmptyList,
    /// `hang`: no answer.
    Hang,
    /// `slow:MS`, or `slow:MS:ITEMS`, to be that slow where more than so many items are asked for.
    Slow(Duration, usize),
    /// `STATUS:CODE`, or `second-page:STATUS:CODE`, to refuse what comes after the first page.
    Refused {
        /// Whether the first page is answered.
        first_page: bool,
        /// The status.
        status: u16,
        /// The code.
        code: String,
    },
}

impl FromStr for Lie {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not such as `ListAccounts=repeated-token`");
        let (operation, kind) = text.split_once('=').ok_or_else(wrong)?;
        Ok(Self {
            operation: operation.into(),
            kind: kind_of(kind).ok_or_else(wrong)?,
        })
    }
}

fn kind_of(text: &str) -> Option<LieKind> {
    let parts: Vec<_> = text.split(':').collect();
    let millis = |text: &str| text.parse().ok().map(Duration::from_millis);
    Some(match parts.as_slice() {
        ["repeated-token"] => LieKind::RepeatedToken,
        ["endless-tokens"] => LieKind::EndlessTokens,
        ["token-missing"] => LieKind::TokenMissing,
        ["without-list"] => LieKind::WithoutList,
        ["null"] => LieKind::Null,
        ["empty-body"] => LieKind::EmptyBody,
        ["other-root"] => LieKind::OtherRoot,
        ["empty-list"] => LieKind::EmptyList,
        ["hang"] => LieKind::Hang,
        ["slow", time] => LieKind::Slow(millis(time)?, 0),
        ["slow", time, items] => LieKind::Slow(millis(time)?, items.parse().ok()?),
        ["second-page", status, code] => LieKind::Refused {
            first_page: true,
            status: status.parse().ok()?,
            code: (*code).into(),
        },
        [status, code] => LieKind::Refused {
            first_page: false,
            status: status.parse().ok()?,
            code: (*code).into(),
        },
        _ => return None,
    })
}

impl<'de> Deserialize<'de> for Lie {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        String::deserialize(input)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:?}", self.operation, self.kind)
    }
}

impl LieKind {
    /// How long the answer takes, or forever.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "each place acts on a few of many lies"
    )]
    pub(crate) fn wait(&self, items: usize) -> Option<Duration> {
        match self {
            Self::Hang => None,
            Self::Slow(time, most) if items > *most => Some(*time),
            _ => Some(Duration::ZERO),
        }
    }

    /// What is answered in place of the truth.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "each place acts on a few of many lies"
    )]
    pub(crate) fn tell(&self, call: &Call<'_>, truth: Answer) -> Result<Answer, Refusal> {
        let Some(list) = List::of(call) else {
            return self.tell_one(call, truth, "");
        };
        let token = list.token(call);
        match self {
            Self::RepeatedToken => Ok(list.with_token(truth, token.as_deref(), "")),
            Self::EndlessTokens => {
                let next = list.following(token.as_deref());
                Ok(list.with_token(truth, Some(&next), ""))
            }
            Self::TokenMissing => Ok(list.with_token(truth, None, "lost")),
            Self::Refused {
                first_page: true, ..
            } if token.is_none() => {
                let first = list.following(None);
                Ok(list.with_token(truth, Some(&first), ""))
            }
            _ => self.tell_one(call, truth, list.name),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "each place acts on a few of many lies"
    )]
    fn tell_one(&self, call: &Call<'_>, truth: Answer, list: &str) -> Result<Answer, Refusal> {
        let operation = call.target.operation.name();
        let is_xml = matches!(call.protocol(), Protocol::Query(_));
        let body = |json: &str, xml: String| {
            let body = if is_xml { xml } else { json.to_owned() };
            body.into_bytes()
        };
        let document = |inner: &str| {
            let result = format!("<{operation}Result>{inner}</{operation}Result>");
            format!("<{operation}Response>{result}</{operation}Response>")
        };
        let body = match self {
            Self::WithoutList => body("{}", document("")),
            Self::Null => body("null", document("")),
            Self::EmptyBody => Vec::new(),
            Self::OtherRoot => body("[]", "<Other/>".into()),
            Self::EmptyList if is_xml => {
                document("<RoleDetailList/><Policies/><Tags/>").into_bytes()
            }
            Self::EmptyList => json_bytes(&json!({ list: [] })),
            Self::Refused { status, code, .. } => {
                let message = "refused with an explicit deny in a service control policy";
                let message = if code == "SCP" { message } else { "refused" };
                let code = if code == "SCP" {
                    "AccessDeniedException"
                } else {
                    code
                };
                return Err(Refusal::new(*status, code.to_owned(), message));
            }
            _ => return Ok(truth),
        };
        Ok(Answer::with_body(truth, body))
    }
}

/// How the pages of a list are told.
struct List {
    /// The member that is the list.
    name: &'static str,
    /// The token's name in a request, and in an answer.
    token: &'static str,
    /// Tokens that are numbers, in place of `after-` and a key in hexadecimal.
    is_numbered: bool,
}

impl List {
    fn of(call: &Call<'_>) -> Option<Self> {
        let (name, token, is_numbered) = match call.target.operation.name() {
            "ListAccounts" => ("Accounts", "NextToken", false),
            "ListRegions" => ("Regions", "NextToken", true),
            "ListApplications" => ("applications", "nextToken", false),
            "ListJobRuns" => ("jobRuns", "nextToken", false),
            "ListSessions" => ("sessions", "nextToken", false),
            "GetAccountAuthorizationDetails" | "ListPolicyTags" => ("", "Marker", true),
            _ => return None,
        };
        Some(Self {
            name,
            token,
            is_numbered,
        })
    }

    /// The token that was asked with.
    fn token(&self, call: &Call<'_>) -> Option<String> {
        let json = call.target.json.get(self.token).and_then(Value::as_str);
        json.or_else(|| call.target.parameter(self.token))
            .map(Into::into)
    }

    /// A token that differs from this one, and asks for what comes after all items, or after the first page.
    fn following(&self, token: Option<&str>) -> String {
        const FIRST: u64 = 1_000_000;
        if self.is_numbered {
            let number: Option<u64> = token.and_then(|token| token.parse().ok());
            return (number.unwrap_or(FIRST) + 1).to_string();
        }
        // `~` lies behind all keys, and a digit is `3` and itself in hexadecimal.
        let digits = token.and_then(|token| token.strip_prefix("after-7e"));
        let digits = digits.map(|hex| hex.chars().skip(1).step_by(2).collect::<String>());
        let number: Option<u64> = digits.and_then(|digits| digits.parse().ok());
        let next = (number.unwrap_or(FIRST) + 1).to_string();
        let hex: String = next.chars().flat_map(|digit| ['3', digit]).collect();
        format!("after-7e{hex}")
    }

    /// The answer with another token: a given one, or, where there is none yet, one that is valid.
    fn with_token(&self, mut truth: Answer, token: Option<&str>, lost: &str) -> Answer {
        let text = String::from_utf8_lossy(&truth.body).into_owned();
        if let Ok(mut body) = serde_json::from_str::<Value>(&text) {
            if body.get(self.token).is_none() || token.is_some() {
                let next = token.map_or_else(|| self.following(None), Into::into);
                set(&mut body, self.token, next.into());
            }
            truth.body = json_bytes(&body);
            return truth;
        }
        let next = token.map_or_else(|| self.following(None), Into::into);
        let marker = if lost.is_empty() {
            format!("<Marker>{next}</Marker>")
        } else {
            String::new()
        };
        let cut = |text: &str| match (text.find("<IsTruncated>"), text.find("</IsTruncated>")) {
            (Some(begin), Some(end)) => {
                let rest = text.get(end + "</IsTruncated>".len()..).unwrap_or_default();
                let rest = match (rest.find("<Marker>"), rest.find("</Marker>")) {
                    (Some(_), Some(end)) if token.is_some() || !lost.is_empty() => rest
                        .get(end + "</Marker>".len()..)
                        .unwrap_or_default()
                        .to_owned(),
                    (Some(_), Some(_)) => return text.to_owned(),
                    _ => rest.to_owned(),
                };
                let head = text.get(..begin).unwrap_or_default();
                format!("{head}<IsTruncated>true</IsTruncated>{marker}{rest}")
            }
            _ => text.to_owned(),
        };
        truth.body = cut(&text).into_bytes();
        truth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lie_is_read_from_its_flag() {
        let lie: Lie = "ListAccounts=second-page:400:SCP".parse().unwrap();
        let kind = LieKind::Refused {
            first_page: true,
            status: 400,
            code: "SCP".into(),
        };
        assert_eq!((lie.operation.as_str(), lie.kind), ("ListAccounts", kind));
        let slow: Lie = "GetAccountAuthorizationDetails=slow:500:100"
            .parse()
            .unwrap();
        assert_eq!(slow.kind, LieKind::Slow(Duration::from_millis(500), 100));
        for wrong in ["ListAccounts", "ListAccounts=", "ListAccounts=x:y"] {
            assert!(wrong.parse::<Lie>().is_err());
        }
    }
}
