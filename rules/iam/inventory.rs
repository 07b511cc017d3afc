//! The roles of an account with their policies read, worked out once for all rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::estate::{Account, Application, Arn, ManagedPolicy, Role, Session, Slice};
use crate::iam::context::Context;
use crate::iam::document::Document;
use crate::iam::evaluate::{
    Access, Decision, MatchedStatement, Request, ask_documents, identity_access,
};
use crate::iam::principal::{Caller, Named};
use crate::iam::submission::UnreadApplications;
use crate::iam::truth::Truth;
use crate::settings::Policy;

/// The service that runs jobs.
pub const EMR_SERVERLESS: &str = "emr-serverless.amazonaws.com";

/// What starts code of one's own in an application, with a role that is passed or set before.
pub const SUBMIT: [&str; 4] = [
    "emr-serverless:StartJobRun",
    "emr-serverless:StartSession",
    "emr-serverless:AccessLivyEndpoints",
    "emr-serverless:AccessInteractiveEndpoints",
];

/// The roles of an account.
#[derive(Debug)]
pub struct Inventory<'a> {
    /// The account.
    pub account: &'a Account,
    /// Its applications.
    pub applications: &'a [Application],
    /// Their sessions.
    pub sessions: &'a [Session],
    /// Its roles, in the order of the slice.
    pub roles: Vec<Holder<'a>>,
    /// Its managed policies.
    pub policies: &'a [ManagedPolicy],
    /// The organization's id, where it is known.
    pub organization: Option<&'a str>,
    pub(super) unread_applications: Vec<UnreadApplications<'a>>,
    out_of_scope: &'a BTreeSet<Arn>,
    by_arn: BTreeMap<&'a str, usize>,
    /// What stands in the managed policies that can be read.
    managed: Vec<Arc<Document>>,
    /// The managed policies by the first role that holds each.
    first_held: BTreeMap<&'a str, Vec<&'a ManagedPolicy>>,
}

/// A role with its policies.
#[derive(Debug)]
pub struct Holder<'a> {
    /// The role.
    pub role: &'a Role,
    /// The team that its tag names.
    pub team: Option<&'a str>,
    /// What it may do, inline and attached.
    pub policies: Vec<AttachedPolicy<'a>>,
    /// What it may do at most.
    pub boundary: Option<AttachedPolicy<'a>>,
    /// Who may assume it.
    pub trust: Option<AttachedPolicy<'a>>,
    /// What of all this can't be read, in words.
    pub unread: Vec<String>,
    /// Whether EMR Serverless may assume it.
    pub is_execution: bool,
}

/// A policy as a role holds it.
#[derive(Clone, Debug)]
pub struct AttachedPolicy<'a> {
    /// Which policy it is.
    pub name: PolicyName<'a>,
    /// What stands in it.
    pub document: Arc<Document>,
}

/// Which policy it is.
#[derive(Clone, Copy, Debug)]
pub enum PolicyName<'a> {
    /// One that lives in a role.
    Inline(&'a Role, &'a str),
    /// One that is attached to roles.
    Managed(&'a ManagedPolicy),
    /// The trust policy of a role.
    Trust(&'a Role),
}

impl fmt::Display for PolicyName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(role, name) => write!(f, "inline policy `{name}` of `{}`", role.name),
            Self::Managed(policy) => write!(f, "policy `{}` {}", policy.arn, policy.version),
            Self::Trust(role) => write!(f, "trust policy of `{}`", role.name),
        }
    }
}

impl<'a> PolicyName<'a> {
    /// The resource that is to be mended: the policy where it is the account's own, or else the role.
    pub fn resource(&self, role: &'a Role) -> &'a Arn {
        match self {
            Self::Managed(policy) if policy.arn.account() != "aws" => &policy.arn,
            Self::Managed(_) => &role.arn,
            Self::Inline(role, _) | Self::Trust(role) => &role.arn,
        }
    }

    /// What tells it from the other policies of the same resource.
    pub fn part(&self) -> &'a str {
        match self {
            Self::Inline(_, name) => name,
            Self::Managed(policy) if policy.arn.account() == "aws" => policy.arn.as_str(),
            Self::Managed(_) => "",
            Self::Trust(_) => "trust",
        }
    }

    /// The document as it is stored.
    pub fn text(&self) -> &'a str {
        match self {
            Self::Inline(role, name) => {
                let mut policies = role.inline_policies.iter();
                let policy = policies.find(|it| it.name == *name);
                policy.map_or("", |it| it.document.as_str())
            }
            Self::Managed(policy) => &policy.document,
            Self::Trust(role) => &role.trust,
        }
    }
}

impl<'a> Inventory<'a> {
    /// Reads the policies of a slice.
    pub fn new(slice: &'a Slice, policy: &'a Policy, organization: Option<&'a str>) -> Self {
        let managed: BTreeMap<&str, (&ManagedPolicy, Result<Arc<Document>, String>)> = slice
            .policies
            .iter()
            .map(|it| (it.arn.as_str(), (it, read(&it.document))))
            .collect();
        let reader = Reader {
            managed: &managed,
            policy,
        };
        let roles: Vec<_> = slice.roles.iter().map(|role| reader.holder(role)).collect();
        let by_arn = roles
            .iter()
            .enumerate()
            .map(|(index, it)| (it.role.arn.as_str(), index))
            .collect();
        let mut first_holders: BTreeMap<&str, &str> = BTreeMap::new();
        for role in &slice.roles {
            for policy in role.attached_policies.iter().chain(&role.boundary) {
                first_holders
                    .entry(policy.as_str())
                    .or_insert(role.arn.as_str());
            }
        }
        let mut first_held: BTreeMap<&str, Vec<&ManagedPolicy>> = BTreeMap::new();
        for policy in &slice.policies {
            if let Some(role) = first_holders.get(policy.arn.as_str()) {
                first_held.entry(role).or_default().push(policy);
            }
        }
        Self {
            account: &slice.account,
            applications: &slice.applications,
            sessions: &slice.sessions,
            unread_applications: UnreadApplications::of(&slice.scopes),
            first_held,
            roles,
            policies: &slice.policies,
            organization,
            out_of_scope: &slice.out_of_scope,
            by_arn,
            managed: managed
                .into_values()
                .filter_map(|(_, document)| document.ok())
                .collect(),
        }
    }

    /// The role of this ARN.
    pub fn find(&self, arn: &str) -> Option<&Holder<'a>> {
        self.roles.get(*self.by_arn.get(arn)?)
    }

    /// The managed policies that a role holds, and no role before it.
    pub fn first_held_by(&self, role: &Arn) -> &[&'a ManagedPolicy] {
        self.first_held
            .get(role.as_str())
            .map_or(&[], Vec::as_slice)
    }

    /// What stands in all policies that can be read: of the roles, and managed ones that no role may hold.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        let of_roles = self.roles.iter().flat_map(|holder| {
            let policies = holder.policies.iter().chain(&holder.trust);
            policies.map(|policy| &*policy.document)
        });
        of_roles.chain(self.managed.iter().map(|document| &**document))
    }

    /// The roles that were seen and left out.
    pub fn out_of_scope(&self) -> impl Iterator<Item = &'a Arn> {
        let all = self.out_of_scope.iter();
        all.filter(|it| it.as_str().contains(":role/"))
    }

    /// The role's place among all.
    pub fn index(&self, arn: &str) -> Option<usize> {
        self.by_arn.get(arn).copied()
    }

    /// A request of a role of this account, with all that is known of it.
    pub fn request<'b>(
        &'b self,
        holder: &'b Holder<'_>,
        action: &'b str,
        resource: &'b str,
        tags: &'b BTreeMap<String, String>,
    ) -> Request<'b> {
        Request {
            action,
            resource,
            caller: Caller::Role {
                arn: holder.role.arn.as_str(),
            },
            context: self.context_of(holder, action, Target { resource, tags }),
        }
    }

    /// Whoever starts a job tags it as it likes; in the other requests of the boundary there are no tags.
    fn context_of<'b>(
        &'b self,
        holder: &'b Holder<'_>,
        action: &str,
        target: Target<'b>,
    ) -> Context<'b> {
        let role = holder.role;
        let context = context(&role.arn, &role.tags, target, self.organization);
        if SUBMIT.contains(&action) {
            context
        } else {
            context.untagged()
        }
    }
}

/// What a request is asked of.
#[derive(Clone, Copy, Debug)]
pub struct Target<'b> {
    /// Its ARN.
    pub resource: &'b str,
    /// Its tags.
    pub tags: &'b BTreeMap<String, String>,
}

/// The condition keys of a request of a role. The tags that it passes are its own to choose: see
/// [`Context::untagged`].
pub fn context<'b>(
    caller: &'b Arn,
    tags: &'b BTreeMap<String, String>,
    target: Target<'b>,
    organization: Option<&'b str>,
) -> Context<'b> {
    let home = target.resource.split(':').nth(4).unwrap_or_default();
    let context = Context::open()
        .with_tags("aws:PrincipalTag/", tags)
        .with("aws:PrincipalArn", caller.as_str())
        .with("aws:PrincipalAccount", caller.account())
        .with("aws:PrincipalType", "AssumedRole")
        .with("aws:PrincipalIsAWSService", "false")
        .with_tags("aws:ResourceTag/", target.tags)
        .with_tags("iam:ResourceTag/", target.tags)
        .with("aws:ResourceAccount", home)
        .with("aws:SecureTransport", "true")
        .with("aws:ViaAWSService", "false")
        // A service says for whom it calls; a role doesn't.
        .without("aws:SourceAccount")
        .without("aws:SourceArn");
    match organization {
        Some(id) => context
            .with("aws:PrincipalOrgID", id)
            .with("aws:ResourceOrgID", id),
        None => context,
    }
}

/// What a role's own policies make of a request, and the statement that decides it.
#[derive(Clone, Debug)]
pub struct Grant<'b> {
    /// Whether it is granted.
    pub access: Access,
    /// The statement that allows it, if one does.
    pub by: Option<MatchedStatement<'b, PolicyName<'b>>>,
}

impl Holder<'_> {
    /// What the role's own policies make of a request.
    pub fn may<'b>(&'b self, request: &Request<'_>) -> Grant<'b> {
        let identity = self.said(request);
        let boundary = self.bounded(request);
        Grant {
            access: identity_access(&identity, boundary.as_ref()),
            by: identity.allowed_by,
        }
    }

    /// A policy of it that was not read and may forbid what those that were read allow, in words.
    pub fn unread_limit(&self) -> Option<String> {
        if let (Some(arn), None) = (&self.role.boundary, &self.boundary) {
            return Some(format!("the role's boundary `{arn}`, which was not read,"));
        }
        let is_read = |is_it: &dyn Fn(&PolicyName<'_>) -> bool| {
            self.policies.iter().any(|held| is_it(&held.name))
        };
        let mut attached = self.role.attached_policies.iter();
        let attached = attached.find(|arn| {
            !is_read(&|name| matches!(name, PolicyName::Managed(policy) if policy.arn == **arn))
        });
        if let Some(arn) = attached {
            return Some(format!("the policy `{arn}`, which was not read,"));
        }
        let mut inline = self.role.inline_policies.iter().map(|it| &it.name);
        let inline = inline
            .find(|own| !is_read(&|name| matches!(name, PolicyName::Inline(_, it) if it == own)))?;
        Some(format!(
            "the inline policy `{inline}`, which can't be read,"
        ))
    }

    /// What its identity policies say.
    pub fn said<'b>(&'b self, request: &Request<'_>) -> Decision<'b, PolicyName<'b>> {
        let policies = self.policies.iter();
        ask_documents(policies.map(|it| (it.name, &*it.document)), request)
    }

    /// What its permissions boundary says.
    pub fn bounded<'b>(&'b self, request: &Request<'_>) -> Option<Decision<'b, PolicyName<'b>>> {
        let boundary = self.boundary.as_ref()?;
        let documents = [(boundary.name, &*boundary.document)];
        Some(ask_documents(documents, request))
    }
}

/// Whether a trust policy lets EMR Serverless assume its role, in an account.
pub fn trusts_emr_serverless(trust: &Document, account: &str) -> bool {
    let request = Request {
        action: "sts:AssumeRole",
        resource: "*",
        caller: Caller::Service(EMR_SERVERLESS),
        context: Context::open().with("aws:SourceAccount", account),
    };
    let said = ask_documents([((), trust)], &request);
    said.named == Some(Named::Service) && said.allow.may() && said.deny != Truth::True
}

type ManagedPolicies<'a> = BTreeMap<&'a str, (&'a ManagedPolicy, Result<Arc<Document>, String>)>;

struct Reader<'a, 'm> {
    managed: &'m ManagedPolicies<'a>,
    policy: &'a Policy,
}

impl<'a> Reader<'a, '_> {
    fn holder(&self, role: &'a Role) -> Holder<'a> {
        let mut unread = Vec::new();
        let mut keep =
            |name: PolicyName<'a>, document: Result<Arc<Document>, String>| match document {
                Ok(document) => Some(AttachedPolicy { name, document }),
                Err(why) => {
                    unread.push(format!("{name}: {why}"));
                    None
                }
            };
        let inline = role.inline_policies.iter();
        let mut policies: Vec<_> = inline
            .filter_map(|it| keep(PolicyName::Inline(role, &it.name), read(&it.document)))
            .collect();
        let mut missing = Vec::new();
        let mut find = |arn: &'a Arn| {
            if let Some((policy, document)) = self.managed.get(arn.as_str()) {
                return keep(PolicyName::Managed(policy), document.clone());
            }
            missing.push(format!("policy `{arn}` was not read"));
            None
        };
        policies.extend(role.attached_policies.iter().filter_map(&mut find));
        let boundary = role.boundary.as_ref().and_then(&mut find);
        let trust = keep(PolicyName::Trust(role), read(&role.trust));
        unread.extend(missing);
        let is_execution = trust
            .as_ref()
            .is_some_and(|it| trusts_emr_serverless(&it.document, role.arn.account()));
        Holder {
            role,
            team: self.policy.team(&role.tags).filter(|it| !it.is_empty()),
            policies,
            boundary,
            trust,
            unread,
            is_execution,
        }
    }
}

fn read(text: &str) -> Result<Arc<Document>, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    Ok(Arc::new(document))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::InlinePolicy;

    #[test]
    fn what_cannot_be_read_is_said() {
        let role = Role {
            inline_policies: vec![InlinePolicy {
                name: "broken".into(),
                document: "{".into(),
            }],
            attached_policies: vec![Arn::from("arn:aws:iam::111122223333:policy/gone")],
            ..Role::example()
        };
        let slice = Slice {
            roles: vec![role],
            ..Slice::new(Account::example())
        };
        let policy = Policy::default();
        let inventory = Inventory::new(&slice, &policy, None);
        let unread = &inventory.roles[0].unread;
        assert_eq!(unread.len(), 2, "{unread:?}");
        assert!(unread[0].contains("is no JSON"), "{unread:?}");
        assert!(inventory.roles[0].is_execution);
    }
}
