//! Why a store can't be used, and what to do about it.

use std::path::PathBuf;

use object_store::client::{HttpError, HttpErrorKind};

use crate::causes::chain;
use crate::ledger;

/// Why the store can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no store that this version has.
    #[error("`{0}` is not a store, expected `file:PATH` or `s3://BUCKET/PREFIX`")]
    Url(String),
    /// The endpoint of S3 is no URL.
    #[error("`{0}`, of AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, is no URL such as `https://HOST`")]
    Endpoint(String),
    /// The folder can't be made.
    #[error("can't make the folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No link of the credential chain gave any.
    #[error("no AWS credentials for the store `{place}`: {message}")]
    NoCredentials {
        /// The store.
        place: String,
        /// What the chain says.
        message: String,
    },
    /// The bucket isn't there.
    #[error("the bucket of `{place}` does not exist; make it, or correct the store's URL")]
    NoBucket {
        /// The store.
        place: String,
    },
    /// The bucket is in another Region.
    #[error(
        "the bucket of `{place}` is not in the Region `{region}`; set AWS_REGION to the bucket's own"
    )]
    OtherRegion {
        /// The store.
        place: String,
        /// The Region that was asked.
        region: String,
    },
    /// It may not be used like this.
    #[error(
        "{action} is denied on `{place}`: {message}; the store needs it, so allow it to the caller"
    )]
    Denied {
        /// What was tried: an IAM action, where it is a bucket.
        action: &'static str,
        /// The store.
        place: String,
        /// What was answered.
        message: String,
    },
    /// Nothing answers in time.
    #[error(
        "`{place}` can't be reached: {message}; check the network, the proxy and AWS_ENDPOINT_URL_S3"
    )]
    Unreachable {
        /// The store.
        place: String,
        /// What happened.
        message: String,
    },
    /// An object can't be listed, read or written for another reason.
    #[error("{action} failed on `{place}`: {source}")]
    Object {
        /// What was tried: an IAM action, where it is a bucket.
        action: &'static str,
        /// The store.
        place: String,
        /// Why.
        source: object_store::Error,
    },
    /// A ledger is there but can't be understood; it is left alone.
    #[error(
        "ledger `{path}` can't be read: {message}; move it away to go on from the one before it"
    )]
    Corrupt {
        /// The object.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A ledger is of another version.
    #[error(
        "ledger `{path}` is of schema `{found}`, this version reads `{}`; use the version that \
         wrote it, or another store",
        ledger::FORMAT
    )]
    OtherSchema {
        /// The object.
        path: String,
        /// The schema it names.
        found: String,
    },
    /// An object that must be there isn't.
    #[error("`{0}` does not exist")]
    NoObject(String),
    /// Another run saved this generation first.
    #[error("generation {0} of the ledger exists already")]
    Taken(u64),
}

impl StoreError {
    /// Whether it may be otherwise in a moment.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Object { source, .. } => matches!(source, object_store::Error::Generic { .. }),
            Self::Url(_)
            | Self::Endpoint(_)
            | Self::Folder { .. }
            | Self::NoCredentials { .. }
            | Self::NoBucket { .. }
            | Self::OtherRegion { .. }
            | Self::Denied { .. }
            | Self::Corrupt { .. }
            | Self::OtherSchema { .. }
            | Self::NoObject(_)
            | Self::Taken(_) => false,
        }
    }
}

/// What is done to an object.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    List,
    Read,
    Write,
    Delete,
}

impl Action {
    fn in_bucket(self) -> &'static str {
        match self {
            Self::List => "s3:ListBucket",
            Self::Read => "s3:GetObject",
            Self::Write => "s3:PutObject",
            Self::Delete => "s3:DeleteObject",
        }
    }

    fn in_folder(self) -> &'static str {
        match self {
            Self::List => "listing",
            Self::Read => "reading",
            Self::Write => "writing",
            Self::Delete => "deleting",
        }
    }
}

/// The error of an action, told so that whoever reads it knows what to do. `region` is the bucket's,
/// where it is one.
pub(super) fn explain(
    action: Action,
    place: String,
    region: Option<&str>,
    source: object_store::Error,
) -> StoreError {
    let action = region.map_or(action.in_folder(), |_| action.in_bucket());
    // The status and the body of an answer are told in words alone.
    let text = source.to_string();
    let (code, message) = said(&text);
    let elsewhere = OTHER_REGION.contains(&code) || text.contains("redirect without LOCATION");
    if code == "NoSuchBucket" {
        return StoreError::NoBucket { place };
    }
    if let Some(region) = region.filter(|_| elsewhere) {
        let region = region.to_owned();
        return StoreError::OtherRegion { place, region };
    }
    if let Some(message) = denial(&source, code, message) {
        return StoreError::Denied {
            action,
            place,
            message,
        };
    }
    if let Some(error) = transport(&source) {
        let message = chain(error)
            .last()
            .map_or_else(|| error.to_string(), ToString::to_string);
        return StoreError::Unreachable { place, message };
    }
    StoreError::Object {
        action,
        place,
        source,
    }
}

/// Codes by which S3 says that a bucket is in another Region.
const OTHER_REGION: [&str; 4] = [
    "PermanentRedirect",
    "TemporaryRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
];

/// Codes by which S3 says who is refused; some come with status 400, and a listing's status is not told.
const DENIED: [&str; 9] = [
    "AccessDenied",
    "AccountProblem",
    "AllAccessDisabled",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
];

/// What was answered to an action that is not allowed.
fn denial(source: &object_store::Error, code: &str, message: &str) -> Option<String> {
    if DENIED.contains(&code) {
        return Some(format!("{code}: {message}"));
    }
    let by_system = chain(source)
        .filter_map(<dyn std::error::Error>::downcast_ref::<std::io::Error>)
        .find(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
    if let Some(error) = by_system {
        return Some(error.to_string());
    }
    let refused = matches!(
        source,
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. }
    );
    refused.then(|| {
        let text = source.to_string();
        let reason = text.rsplit_once(" - ").map_or(&*text, |it| it.1);
        reason.trim_end_matches([':', ' ']).to_owned()
    })
}

/// Whether nobody knows if the action was done: it was sent, and no answer came.
pub(super) fn is_unanswered(error: &object_store::Error) -> bool {
    transport(error).is_some_and(|error| error.kind() != HttpErrorKind::Connect)
}

/// The fault of the way to the store and back.
fn transport(error: &object_store::Error) -> Option<&HttpError> {
    chain(error)
        .filter_map(<dyn std::error::Error>::downcast_ref::<HttpError>)
        .find(|error| error.kind() != HttpErrorKind::Decode)
}

/// The code and the message of an error that S3 answered with.
fn said(body: &str) -> (&str, &str) {
    let within = |open: &str, close: &str| {
        let rest = body.split_once(open)?.1;
        Some(rest.split_once(close)?.0)
    };
    (
        within("<Code>", "</Code>").unwrap_or_default(),
        within("<Message>", "</Message>").unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_message_are_taken_from_what_s3_answers() {
        let body =
            "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>";
        assert_eq!(said(body), ("AccessDenied", "no"));
        assert_eq!(said("<html>"), ("", ""));
    }
}
