//! The AWS services, one file each.

use hyper::StatusCode;
use serde::Serialize;

use crate::operation::{Operation, Protocol, Service};
use crate::options::Options;
use crate::organization::{Account, Block, Cause, Organization};
use crate::refusal::Refusal;
use crate::wire::answer::Answer;
use crate::wire::request::Target;
use crate::wire::xml::Xml;

mod account;
mod emr_serverless;
mod iam;
mod organizations;
mod sts;

pub(crate) use account::is_opt_in;

/// An AWS call whose caller is known.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) options: &'a Options,
    pub(crate) target: &'a Target,
    /// The caller's account, which is the only one it sees.
    pub(crate) account: &'a Account,
    pub(crate) region: &'a str,
}

/// Answers a call.
pub(crate) fn answer(call: &Call<'_>) -> Result<Answer, Refusal> {
    let operation = call.target.operation;
    match operation {
        Operation::ListAccounts => organizations::list_accounts(call),
        Operation::DescribeOrganization => organizations::describe_organization(call),
        Operation::GetCallerIdentity => Ok(sts::get_caller_identity(call)),
        Operation::AssumeRole => sts::assume_role(call),
        Operation::GetAccountAuthorizationDetails => iam::get_account_authorization_details(call),
        Operation::GetPolicy => iam::get_policy(call),
        Operation::GetPolicyVersion => iam::get_policy_version(call),
        Operation::ListPolicyTags => iam::list_policy_tags(call),
        Operation::ListRegions => account::list_regions(call),
        Operation::ListApplications => emr_serverless::list_applications(call),
        Operation::GetApplication => emr_serverless::get_application(call),
        Operation::ListJobRuns => emr_serverless::list_job_runs(call),
        Operation::GetJobRun => emr_serverless::get_job_run(call),
        Operation::ListSessions => emr_serverless::list_sessions(call),
        Operation::GetSession => emr_serverless::get_session(call),
        Operation::Unknown(service) => {
            let named = call.target.parameter("Action").unwrap_or_default();
            Err(Refusal::unknown_operation(service, named))
        }
    }
}

impl Call<'_> {
    /// How the called service talks.
    pub(crate) fn protocol(&self) -> Protocol {
        self.target.operation.service().protocol()
    }

    /// Refuses what the account refuses here.
    fn admit(&self, region: &str) -> Result<(), Refusal> {
        let operation = self.target.operation;
        let service = operation.service();
        match self
            .account
            .blocked(region, service.name(), operation.name())
        {
            Some(block) => Err(self.blocked(service, block)),
            None => Ok(()),
        }
    }

    fn blocked(&self, service: Service, block: &Block) -> Refusal {
        let action = format!("{}:{}", service.name(), self.target.operation.name());
        let who = sts::identity(self);
        let cannot = format!("User: {who} is not authorized to perform: {action}");
        match block.cause {
            Cause::UnrecognizedClient => Refusal::unknown_key(service),
            Cause::AccessDenied => {
                let why = "because no identity-based policy allows the action";
                Refusal::denied(service, format!("{cannot} on resource: * {why}"))
            }
            Cause::ServiceControlPolicy => {
                let why = "with an explicit deny in a service control policy";
                Refusal::denied(service, format!("{cannot} on resource: * {why}"))
            }
        }
    }

    /// The size of a page: what was asked for, within what the service and the options allow.
    fn page_size(&self, asked: Option<usize>, usual: usize) -> usize {
        let asked = asked.unwrap_or(usual);
        self.options
            .page_size
            .map_or(asked, |size| asked.min(size))
            .max(1)
    }

    /// Refuses sizes outside of a range.
    fn within(&self, asked: Option<usize>, most: usize) -> Result<(), Refusal> {
        if asked.is_some_and(|size| size == 0 || size > most) {
            let code = match self.target.operation.service() {
                Service::Organizations => "InvalidInputException",
                Service::Sts | Service::Iam => "ValidationError",
                Service::Account | Service::EmrServerless => "ValidationException",
            };
            let message = format!("maxResults must be between 1 and {most}");
            return Err(Refusal::new(400, code, message));
        }
        Ok(())
    }
}

fn json(body: &impl Serialize) -> Answer {
    Answer::json(StatusCode::OK, body)
}

/// An answer of the query protocol: `NAMEResponse` round `NAMEResult`.
fn xml(operation: Operation, namespace: &str, write: impl FnOnce(&mut Xml)) -> Answer {
    let name = operation.name();
    let (response, result) = (format!("{name}Response"), format!("{name}Result"));
    let mut xml = Xml::default();
    xml.open_with(&response, namespace).open(&result);
    write(&mut xml);
    xml.close(&result).open("ResponseMetadata");
    xml.text("RequestId", crate::wire::REQUEST_ID);
    xml.close("ResponseMetadata").close(&response);
    Answer::xml(StatusCode::OK, xml)
}
