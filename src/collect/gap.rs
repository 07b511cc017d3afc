//! From an SDK error to a gap: what kind of failure it is decides what mends it.

use std::error::Error;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use lineward_rules::estate::{Arn, Cause, Gap};
use lineward_rules::secrets;

use super::whole::MissingList;

/// Our code for an answer that can't be understood.
const MALFORMED: &str = "MalformedResponse";

use crate::causes::in_one_line;

/// The longest reason that is kept, in characters.
const REASON_LENGTH: usize = 500;

/// The gap that this failure of `operation` leaves, below `resource` or in the whole scope.
pub(super) fn gap<E>(
    operation: &str,
    resource: Option<Arn>,
    error: &SdkError<E, HttpResponse>,
) -> Gap
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let (cause, code) = classify(error);
    let service = error.as_service_error();
    let reason = service
        .and_then(ProvideErrorMetadata::message)
        .map(str::to_owned);
    // An answer without a code is none of AWS's: a proxy's page, or an older endpoint's.
    let foreign = service.is_some_and(|service| service.code().is_none());
    let reason = reason.unwrap_or_else(|| {
        if let Some(missing) = missing_list(error) {
            missing.to_string()
        } else if foreign {
            "the answer is not one of AWS".into()
        } else {
            in_one_line(error)
        }
    });
    // AWS repeats what it was given: redacted whole before it is cut, so that no half of a secret is kept.
    let reason = secrets::text(&reason).chars().take(REASON_LENGTH).collect();
    Gap {
        operation: operation.to_owned(),
        resource,
        cause,
        code,
        reason,
    }
}

/// The list that an answer lacks, if that is what is wrong with it.
fn missing_list<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a MissingList> {
    let mut error = Some(error);
    while let Some(at) = error {
        if let Some(missing) = at.downcast_ref() {
            return Some(missing);
        }
        error = at.source();
    }
    None
}

/// The gap that a fault of our own leaves.
pub(super) fn our_fault(operation: &str) -> Gap {
    Gap {
        operation: operation.to_owned(),
        resource: None,
        cause: Cause::Refused,
        code: "InternalError".into(),
        reason: "Lineward failed here, which is a fault of its own; please report it".into(),
    }
}

/// The gap of an answer that tells nothing of the resource it was asked for.
pub(super) fn malformed(operation: &str, resource: &Arn) -> Gap {
    Gap {
        resource: Some(resource.clone()),
        ..incomplete(operation, "the answer is not about what was asked for")
    }
}

/// The gap of an answer that lacks what each answer of the operation holds.
pub(super) fn incomplete(operation: &str, reason: &str) -> Gap {
    Gap {
        operation: operation.to_owned(),
        resource: None,
        cause: Cause::ServerError,
        code: MALFORMED.into(),
        reason: reason.to_owned(),
    }
}

/// Whether AWS says that a policy doesn't allow the call: that is not what it says of credentials which
/// have expired, or of a wrong signature, and no proxy says it.
pub(super) fn is_of_authorization(gap: &Gap) -> bool {
    matches!(gap.cause, Cause::Denied | Cause::DeniedByScp) && names_authorization(&gap.code)
}

/// Whether the service says that the resource doesn't exist.
pub(super) fn is_not_found<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error.code() == Some("ResourceNotFoundException")
}

/// Whether the endpoint doesn't know the operation at all.
pub(super) fn is_unknown_operation<E: ProvideErrorMetadata>(
    error: &SdkError<E, HttpResponse>,
) -> bool {
    let code = error.code().unwrap_or_default();
    let status = error
        .raw_response()
        .map_or(0, |response| response.status().as_u16());
    matches!(
        code,
        "UnknownOperationException" | "InvalidAction" | "NotImplemented"
    ) || (matches!(status, 404 | 405 | 501) && code != "ResourceNotFoundException")
}

fn classify<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> (Cause, String) {
    match error {
        SdkError::TimeoutError(_) => (Cause::TimedOut, "Timeout".into()),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            (Cause::TimedOut, "Timeout".into())
        }
        SdkError::DispatchFailure(_) => (Cause::Unreachable, "ConnectionFailure".into()),
        SdkError::ConstructionFailure(_) => (Cause::Unreachable, "RequestNotBuilt".into()),
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            // A success that can't be read is no refusal.
            if service.raw().status().is_success() && service.err().code().is_none() {
                return (Cause::ServerError, MALFORMED.into());
            }
            let code = service
                .err()
                .code()
                .map_or_else(|| format!("HTTP {status}"), secrets::text);
            let message = service.err().message().unwrap_or_default();
            (cause_of(&code, message, status), code)
        }
        // A body that can't be parsed, and whatever else the SDK adds.
        SdkError::ResponseError(_) | _ => (Cause::ServerError, MALFORMED.into()),
    }
}

/// Whether a text holds one of the codes that AWS's services have for throttling.
pub(crate) fn names_throttling(text: &str) -> bool {
    let codes = [
        "Throttl",
        "TooManyRequests",
        "RequestLimitExceeded",
        "SlowDown",
    ];
    codes.iter().any(|code| text.contains(code))
}

/// EMR Serverless models neither `AccessDeniedException` nor `ThrottlingException`, and each service
/// has names of its own, so the code's words decide.
fn cause_of(code: &str, message: &str, status: u16) -> Cause {
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if names_authorization(code) {
        if message.contains("service control policy") {
            Cause::DeniedByScp
        } else {
            Cause::Denied
        }
    } else if names_throttling(code) {
        Cause::Throttled
    } else if has(&[
        "UnrecognizedClient",
        "InvalidClientTokenId",
        "RegionDisabled",
        "OptInRequired",
    ]) {
        Cause::RegionDisabled
    } else if has(&[
        "ExpiredToken",
        "InvalidSignature",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "RequestExpired",
    ]) {
        Cause::Refused
    } else if has(&["RequestTimeout"]) {
        Cause::TimedOut
    } else if status >= 500 {
        Cause::ServerError
    } else if status == 403 {
        Cause::Denied
    } else {
        Cause::Refused
    }
}

fn names_authorization(code: &str) -> bool {
    let words = ["AccessDenied", "Unauthorized", "Forbidden", "NotAuthorized"];
    words.iter().any(|word| code.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_all_services_are_told_apart() {
        let scp = "… with an explicit deny in a service control policy";
        let cases = [
            ("AccessDeniedException", "no", 403, Cause::Denied),
            ("AccessDenied", "no", 403, Cause::Denied),
            ("AccessDeniedException", scp, 403, Cause::DeniedByScp),
            ("Throttling", "Rate exceeded", 400, Cause::Throttled),
            ("ThrottlingException", "", 429, Cause::Throttled),
            ("TooManyRequestsException", "", 400, Cause::Throttled),
            (
                "UnrecognizedClientException",
                "",
                403,
                Cause::RegionDisabled,
            ),
            ("InternalServerException", "", 500, Cause::ServerError),
            ("ValidationException", "", 400, Cause::Refused),
            ("HTTP 403", "", 403, Cause::Denied),
            ("ExpiredToken", "", 403, Cause::Refused),
            ("InvalidSignatureException", "", 403, Cause::Refused),
        ];
        for (code, message, status, expected) in cases {
            assert_eq!(cause_of(code, message, status), expected, "{code}");
        }
    }

    #[test]
    fn only_aws_says_that_a_policy_does_not_allow_a_call() {
        let is = |code: &str, message, status| {
            let cause = cause_of(code, message, status);
            let code = code.to_owned();
            is_of_authorization(&Gap {
                cause,
                code,
                ..incomplete("ListAccounts", "")
            })
        };
        assert!(is("AccessDeniedException", "", 400));
        assert!(is(
            "AccessDenied",
            "denied in a service control policy",
            403
        ));
        for other in ["ExpiredTokenException", "HTTP 403", "Throttling"] {
            assert!(!is(other, "", 403), "{other}");
        }
    }
}
