//! A request with its body, and the operation that it is for.

use hyper::body::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::Value;

use super::authorization::Scope;
use super::percent;
use crate::operation::{Operation, Service};

/// A request, read to its end.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path as it came, still encoded.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What an AWS request asks for.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) operation: Operation,
    /// What the path names: the application, and the job run or session.
    pub(crate) ids: Vec<String>,
    /// The parameters: of the query string, and of a form.
    pub(crate) parameters: Vec<(String, String)>,
    /// The body, where it is JSON.
    pub(crate) json: Value,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|it| it.to_str().ok());
        value.unwrap_or_default()
    }

    pub(crate) fn scope(&self) -> Option<Scope<'_>> {
        Scope::parse(self.header("authorization"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Tells the operation by target header, form or path, in this order.
    pub(crate) fn target(&self) -> Target {
        let mut target = Target {
            operation: Operation::Unknown(self.signed_for()),
            ids: Vec::new(),
            parameters: percent::query(&self.query),
            json: Value::Null,
        };
        let named = self.header("x-amz-target");
        if !named.is_empty() {
            target.operation = of_json(named);
            target.json = self.json();
        } else if self.path == "/listRegions" && self.method == Method::POST {
            target.operation = Operation::ListRegions;
            target.json = self.json();
        } else if self.path == "/" {
            let form = String::from_utf8_lossy(&self.body);
            target.parameters.extend(percent::form(&form));
            target.operation = of_query(&target, self.signed_for());
        } else if self.method == Method::GET {
            (target.operation, target.ids) = of_path(&self.path, self.signed_for());
        }
        target
    }

    fn signed_for(&self) -> Service {
        self.scope()
            .and_then(|scope| Service::from_name(scope.service))
            .unwrap_or(Service::EmrServerless)
    }
}

impl Target {
    /// A parameter by name; the first of several.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters_named(name).next()
    }

    pub(crate) fn parameters_named(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = move |pair: &&(String, String)| pair.0 == name;
        self.parameters
            .iter()
            .filter(named)
            .map(|pair| pair.1.as_str())
    }

    /// A member of a list of the query protocol: `Filter.member.1` and so on.
    pub(crate) fn members(&self, name: &str) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter_map(move |(key, value)| {
            let number = key.strip_prefix(name)?.strip_prefix(".member.")?;
            number.parse::<u32>().ok().map(|_| value.as_str())
        })
    }

    pub(crate) fn id(&self, index: usize) -> &str {
        self.ids.get(index).map(String::as_str).unwrap_or_default()
    }
}

fn of_json(target: &str) -> Operation {
    match target.strip_prefix("AWSOrganizationsV20161128.") {
        Some("ListAccounts") => Operation::ListAccounts,
        Some("DescribeOrganization") => Operation::DescribeOrganization,
        _ => Operation::Unknown(Service::Organizations),
    }
}

fn of_query(target: &Target, signed_for: Service) -> Operation {
    match target.parameter("Action") {
        Some("GetCallerIdentity") => Operation::GetCallerIdentity,
        Some("AssumeRole") => Operation::AssumeRole,
        Some("GetAccountAuthorizationDetails") => Operation::GetAccountAuthorizationDetails,
        Some("GetPolicy") => Operation::GetPolicy,
        Some("GetPolicyVersion") => Operation::GetPolicyVersion,
        Some("ListPolicyTags") => Operation::ListPolicyTags,
        _ => match target.parameter("Version") {
            Some("2011-06-15") => Operation::Unknown(Service::Sts),
            Some("2010-05-08") => Operation::Unknown(Service::Iam),
            _ => Operation::Unknown(signed_for),
        },
    }
}

fn of_path(path: &str, signed_for: Service) -> (Operation, Vec<String>) {
    let mut parts = path.trim_matches('/').split('/');
    let parts = [
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ];
    let (operation, ids) = match parts {
        [Some("applications"), None, ..] => (Operation::ListApplications, vec![]),
        [Some("applications"), Some(id), None, ..] => (Operation::GetApplication, vec![id]),
        [Some("applications"), Some(id), Some("jobruns"), None, _] => {
            (Operation::ListJobRuns, vec![id])
        }
        [
            Some("applications"),
            Some(id),
            Some("jobruns"),
            Some(run),
            None,
        ] => (Operation::GetJobRun, vec![id, run]),
        [Some("applications"), Some(id), Some("sessions"), None, _] => {
            (Operation::ListSessions, vec![id])
        }
        [
            Some("applications"),
            Some(id),
            Some("sessions"),
            Some(session),
            None,
        ] => (Operation::GetSession, vec![id, session]),
        _ => (Operation::Unknown(signed_for), vec![]),
    };
    (operation, ids.into_iter().map(percent::decode).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(method: Method, path: &str, query: &str, body: &str) -> String {
        let request = Request {
            method,
            path: path.into(),
            query: query.into(),
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_owned()),
        };
        request.target().operation.to_string()
    }

    #[test]
    fn the_operation_is_told_by_form_or_path() {
        let form = "Action=AssumeRole&Version=2011-06-15";
        assert_eq!(operation(Method::POST, "/", "", form), "sts:AssumeRole");
        let form = "Action=DeleteRole&Version=2010-05-08";
        assert_eq!(operation(Method::POST, "/", "", form), "iam:Unknown");
        let get = |path: &str| operation(Method::GET, path, "", "");
        assert_eq!(get("/applications"), "emr-serverless:ListApplications");
        assert_eq!(get("/applications/a/jobruns/b"), "emr-serverless:GetJobRun");
        assert_eq!(
            get("/applications/a/sessions"),
            "emr-serverless:ListSessions"
        );
        assert_eq!(
            get("/applications/a/jobruns/b/attempts"),
            "emr-serverless:Unknown"
        );
        let post = operation(Method::POST, "/applications/a/jobruns", "", "{}");
        assert_eq!(post, "emr-serverless:Unknown");
    }
}
