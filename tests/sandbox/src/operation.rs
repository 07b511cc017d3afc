//! The AWS operations that the sandbox knows.

use std::fmt;

/// An AWS service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    Organizations,
    Sts,
    Iam,
    Account,
    EmrServerless,
}

/// How a service talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Json11,
    /// With the XML namespace of its answers.
    Query(&'static str),
    RestJson,
}

impl Service {
    /// The name it signs requests for.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Organizations => "organizations",
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::Account => "account",
            Self::EmrServerless => "emr-serverless",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [
            Self::Organizations,
            Self::Sts,
            Self::Iam,
            Self::Account,
            Self::EmrServerless,
        ]
        .into_iter()
        .find(|service| service.name() == name)
    }

    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Self::Organizations => Protocol::Json11,
            Self::Sts => Protocol::Query("https://sts.amazonaws.com/doc/2011-06-15/"),
            Self::Iam => Protocol::Query("https://iam.amazonaws.com/doc/2010-05-08/"),
            Self::Account | Self::EmrServerless => Protocol::RestJson,
        }
    }
}

/// An AWS operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    ListAccounts,
    DescribeOrganization,
    GetCallerIdentity,
    AssumeRole,
    GetAccountAuthorizationDetails,
    GetPolicy,
    GetPolicyVersion,
    ListPolicyTags,
    ListRegions,
    ListApplications,
    GetApplication,
    ListJobRuns,
    GetJobRun,
    ListSessions,
    GetSession,
    Unknown(Service),
}

impl Operation {
    pub(crate) fn service(self) -> Service {
        match self {
            Self::ListAccounts | Self::DescribeOrganization => Service::Organizations,
            Self::GetCallerIdentity | Self::AssumeRole => Service::Sts,
            Self::GetAccountAuthorizationDetails
            | Self::GetPolicy
            | Self::GetPolicyVersion
            | Self::ListPolicyTags => Service::Iam,
            Self::ListRegions => Service::Account,
            Self::ListApplications
            | Self::GetApplication
            | Self::ListJobRuns
            | Self::GetJobRun
            | Self::ListSessions
            | Self::GetSession => Service::EmrServerless,
            Self::Unknown(service) => service,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ListAccounts => "ListAccounts",
            Self::DescribeOrganization => "DescribeOrganization",
            Self::GetCallerIdentity => "GetCallerIdentity",
            Self::AssumeRole => "AssumeRole",
            Self::GetAccountAuthorizationDetails => "GetAccountAuthorizationDetails",
            Self::GetPolicy => "GetPolicy",
            Self::GetPolicyVersion => "GetPolicyVersion",
            Self::ListPolicyTags => "ListPolicyTags",
            Self::ListRegions => "ListRegions",
            Self::ListApplications => "ListApplications",
            Self::GetApplication => "GetApplication",
            Self::ListJobRuns => "ListJobRuns",
            Self::GetJobRun => "GetJobRun",
            Self::ListSessions => "ListSessions",
            Self::GetSession => "GetSession",
            Self::Unknown(_) => "Unknown",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service().name(), self.name())
    }
}
