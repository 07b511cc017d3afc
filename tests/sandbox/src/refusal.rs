//! How AWS says no: one refusal, worded as each protocol has it.

use std::borrow::Cow;

use hyper::StatusCode;
use serde_json::json;

use crate::operation::{Protocol, Service};
use crate::wire::answer::Answer;
use crate::wire::xml::Xml;

/// Why a call isn't answered as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// An error.
    Error {
        status: u16,
        code: Cow<'static, str>,
        message: String,
    },
    /// A page of HTML from something that isn't AWS.
    Html(u16),
    /// No answer, ever.
    Hang,
}

impl Refusal {
    pub(crate) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self::Error {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    /// The request came without a readable signature.
    pub(crate) fn unsigned(service: Service) -> Self {
        let code = match service.protocol() {
            Protocol::Query(_) => "MissingAuthenticationToken",
            Protocol::Json11 | Protocol::RestJson => "MissingAuthenticationTokenException",
        };
        Self::new(403, code, "Missing Authentication Token")
    }

    /// The access key is nobody's, or a Region doesn't know it yet.
    pub(crate) fn unknown_key(service: Service) -> Self {
        let code = match service.protocol() {
            Protocol::Query(_) => "InvalidClientTokenId",
            Protocol::Json11 | Protocol::RestJson => "UnrecognizedClientException",
        };
        let message = "The security token included in the request is invalid.";
        Self::new(403, code, message)
    }

    pub(crate) fn denied(service: Service, message: impl Into<String>) -> Self {
        let code = match service.protocol() {
            Protocol::Query(_) => "AccessDenied",
            Protocol::Json11 | Protocol::RestJson => "AccessDeniedException",
        };
        Self::new(403, code, message)
    }

    pub(crate) fn throttled(service: Service) -> Self {
        let (status, code) = match service {
            Service::Organizations => (400, "TooManyRequestsException"),
            Service::Account => (429, "TooManyRequestsException"),
            Service::Sts | Service::Iam => (400, "Throttling"),
            Service::EmrServerless => (429, "ThrottlingException"),
        };
        Self::new(status, code, "Rate exceeded")
    }

    pub(crate) fn server_error(service: Service) -> Self {
        let code = match service {
            Service::Organizations => "ServiceException",
            Service::Sts => "InternalFailure",
            Service::Iam => "ServiceFailure",
            Service::Account | Service::EmrServerless => "InternalServerException",
        };
        Self::new(500, code, "An internal error occurred.")
    }

    pub(crate) fn unknown_operation(service: Service, named: &str) -> Self {
        match service.protocol() {
            Protocol::Query(_) => {
                let message = format!("Could not find operation {named}");
                Self::new(400, "InvalidAction", message)
            }
            Protocol::Json11 => Self::new(400, "UnknownOperationException", ""),
            Protocol::RestJson => Self::new(404, "UnknownOperationException", ""),
        }
    }

    /// With more words at the end of its message.
    pub(crate) fn with_note(mut self, note: Option<&str>) -> Self {
        if let (Self::Error { message, .. }, Some(note)) = (&mut self, note) {
            message.push(' ');
            message.push_str(note);
        }
        self
    }

    /// As the service puts it, or `None` where there is to be no answer.
    pub(crate) fn answer(&self, service: Service) -> Option<Answer> {
        match self {
            Self::Hang => None,
            Self::Html(status) => Some(Answer::html(status_of(*status))),
            Self::Error {
                status,
                code,
                message,
            } => Some(error(service, *status, code, message)),
        }
    }
}

fn error(service: Service, status: u16, code: &str, message: &str) -> Answer {
    match service.protocol() {
        // The protocol knows only 400 and 500.
        Protocol::Json11 => {
            let body = json!({ "__type": code, "Message": message });
            Answer::json11(status_of(if status < 500 { 400 } else { status }), &body)
        }
        Protocol::RestJson => {
            let body = json!({ "message": message });
            Answer::json(status_of(status), &body).with("x-amzn-errortype", code)
        }
        Protocol::Query(namespace) => {
            let mut xml = Xml::default();
            xml.open_with("ErrorResponse", namespace).open("Error");
            xml.text("Type", if status < 500 { "Sender" } else { "Receiver" });
            xml.text("Code", code).text("Message", message);
            xml.close("Error")
                .text("RequestId", crate::wire::REQUEST_ID);
            xml.close("ErrorResponse");
            Answer::xml(status_of(status), xml)
        }
    }
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
