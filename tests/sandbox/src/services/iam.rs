//! AWS IAM: the query protocol, with percent-encoded policy documents.

use jiff::Timestamp;

use super::{Call, xml};
use crate::operation::{Protocol, Service};
use crate::organization::{ManagedPolicy, PolicyVersion, Role};
use crate::refusal::Refusal;
use crate::wire::answer::Answer;
use crate::wire::percent;
use crate::wire::xml::Xml;

/// What the account holds; a page mixes roles and policies.
enum Entity<'a> {
    Role(&'a Role),
    Policy(&'a ManagedPolicy),
}

pub(super) fn get_account_authorization_details(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.admit("global")?;
    let asked = number(call, "MaxItems")?;
    call.within(asked, 1000)?;
    let size = call.page_size(asked, 100);
    let start = number(call, "Marker")?.unwrap_or(0);
    let filters: Vec<_> = call.target.members("Filter").collect();
    let wanted = |kind: &str| filters.is_empty() || filters.contains(&kind);
    let policy = |it: &&ManagedPolicy| {
        !it.is_boundary_only()
            && wanted(if it.is_aws_managed() {
                "AWSManagedPolicy"
            } else {
                "LocalManagedPolicy"
            })
    };
    let roles = call
        .account
        .roles
        .iter()
        .filter(|_| wanted("Role"))
        .map(Entity::Role);
    let policies = call
        .account
        .policies
        .iter()
        .filter(policy)
        .map(Entity::Policy);
    let mut entities = roles.chain(policies).skip(start);
    let page: Vec<_> = entities.by_ref().take(size).collect();
    let more = entities.next().is_some();
    Ok(xml(call.target.operation, namespace(), |xml| {
        let roles = page.iter().filter_map(|entity| match entity {
            Entity::Role(role) => Some(*role),
            Entity::Policy(_) => None,
        });
        let policies = page.iter().filter_map(|entity| match entity {
            Entity::Role(_) => None,
            Entity::Policy(policy) => Some(*policy),
        });
        xml.open("UserDetailList").close("UserDetailList");
        xml.open("GroupDetailList").close("GroupDetailList");
        xml.list("RoleDetailList", roles, write_role);
        xml.list("Policies", policies, write_policy);
        truncated(xml, more, start + size);
    }))
}

pub(super) fn get_policy(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.admit("global")?;
    let policy = named_policy(call)?;
    Ok(xml(call.target.operation, namespace(), |xml| {
        xml.open("Policy");
        write_summary(xml, policy);
        xml.list("Tags", &policy.tags, write_tag);
        xml.close("Policy");
    }))
}

pub(super) fn get_policy_version(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.admit("global")?;
    let policy = named_policy(call)?;
    let id = call.target.parameter("VersionId").unwrap_or_default();
    let version = policy.versions.iter().find(|it| it.id == id);
    let version = version.ok_or_else(|| {
        let message = format!("Policy {} version {id} does not exist.", policy.arn);
        Refusal::new(404, "NoSuchEntity", message)
    })?;
    Ok(xml(call.target.operation, namespace(), |xml| {
        xml.open("PolicyVersion");
        write_version(xml, version, policy.created_at);
        xml.close("PolicyVersion");
    }))
}

pub(super) fn list_policy_tags(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.admit("global")?;
    let policy = named_policy(call)?;
    let asked = number(call, "MaxItems")?;
    call.within(asked, 1000)?;
    let size = call.page_size(asked, 100);
    let start = number(call, "Marker")?.unwrap_or(0);
    let mut tags = policy.tags.iter().skip(start);
    Ok(xml(call.target.operation, namespace(), |xml| {
        xml.list("Tags", tags.by_ref().take(size), write_tag);
        truncated(xml, tags.next().is_some(), start + size);
    }))
}

/// The policy that a call names.
fn named_policy<'a>(call: &Call<'a>) -> Result<&'a ManagedPolicy, Refusal> {
    let arn = call.target.parameter("PolicyArn").unwrap_or_default();
    let policy = call.account.policies.iter().find(|it| it.arn == arn);
    policy.ok_or_else(|| {
        let message = format!("Policy {arn} does not exist or is not attachable.");
        Refusal::new(404, "NoSuchEntity", message)
    })
}

fn namespace() -> &'static str {
    match Service::Iam.protocol() {
        Protocol::Query(namespace) => namespace,
        Protocol::Json11 | Protocol::RestJson => "",
    }
}

fn number(call: &Call<'_>, name: &str) -> Result<Option<usize>, Refusal> {
    let parse = |text: &str| {
        let message = format!("Invalid value for {name}: {text}");
        text.parse()
            .map_err(|_| Refusal::new(400, "ValidationError", message))
    };
    call.target.parameter(name).map(parse).transpose()
}

fn truncated(xml: &mut Xml, more: bool, next: usize) {
    xml.text("IsTruncated", if more { "true" } else { "false" });
    if more {
        xml.text("Marker", &next.to_string());
    }
}

fn time(time: Timestamp) -> String {
    format!("{time:.0}")
}

fn write_tag(xml: &mut Xml, (key, value): &(String, String)) {
    xml.text("Key", key).text("Value", value);
}

fn write_role(xml: &mut Xml, role: &Role) {
    xml.text("Path", &role.path).text("RoleName", &role.name);
    xml.text("RoleId", &role.id).text("Arn", &role.arn);
    xml.text("CreateDate", &time(role.created_at));
    xml.text("AssumeRolePolicyDocument", &percent::encode(&role.trust));
    xml.open("InstanceProfileList").close("InstanceProfileList");
    xml.list("RolePolicyList", &role.inline, |xml, (name, document)| {
        xml.text("PolicyName", name);
        xml.text("PolicyDocument", &percent::encode(document));
    });
    xml.list(
        "AttachedManagedPolicies",
        &role.attached,
        |xml, (name, arn)| {
            xml.text("PolicyName", name).text("PolicyArn", arn);
        },
    );
    if let Some(boundary) = &role.boundary {
        xml.open("PermissionsBoundary");
        xml.text("PermissionsBoundaryType", "Policy");
        xml.text("PermissionsBoundaryArn", boundary);
        xml.close("PermissionsBoundary");
    }
    xml.list("Tags", &role.tags, write_tag);
    xml.open("RoleLastUsed").close("RoleLastUsed");
}

fn write_policy(xml: &mut Xml, policy: &ManagedPolicy) {
    write_summary(xml, policy);
    xml.list("PolicyVersionList", &policy.versions, |xml, version| {
        write_version(xml, version, policy.created_at);
    });
}

fn write_summary(xml: &mut Xml, policy: &ManagedPolicy) {
    let default = policy.versions.iter().find(|it| it.default);
    xml.text("PolicyName", &policy.name)
        .text("PolicyId", &policy.id);
    xml.text("Arn", &policy.arn).text("Path", &policy.path);
    xml.text("DefaultVersionId", default.map_or("v1", |it| &it.id));
    xml.text("AttachmentCount", &policy.attachments.to_string());
    xml.text(
        "PermissionsBoundaryUsageCount",
        &policy.boundaries.to_string(),
    );
    xml.text("IsAttachable", "true");
    xml.text("CreateDate", &time(policy.created_at));
    xml.text("UpdateDate", &time(policy.created_at));
}

fn write_version(xml: &mut Xml, version: &PolicyVersion, created_at: Timestamp) {
    xml.text("Document", &percent::encode(&version.document));
    xml.text("VersionId", &version.id);
    xml.text(
        "IsDefaultVersion",
        if version.default { "true" } else { "false" },
    );
    xml.text("CreateDate", &time(created_at));
}
