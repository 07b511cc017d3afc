//! IAM of one account: roles with trust, tags and policies, from one stream of pages.

use aws_config::SdkConfig;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::{EntityType, ManagedPolicyDetail, RoleDetail};
use lineward_rules::estate::{Arn, InlinePolicy, ManagedPolicy, Region, Role, Scope, Service};
use lineward_rules::redact;
use percent_encoding::percent_decode_str;

use super::convert::timestamp;
use super::gap::gap;

/// What was found in an account.
pub(super) struct Found {
    pub(super) scope: Scope,
    pub(super) roles: Vec<Role>,
    pub(super) policies: Vec<ManagedPolicy>,
}

/// Reads the roles and the managed policies, page after page: IAM's quota is not published, so one
/// call at a time is in flight.
pub(super) async fn read(config: &SdkConfig) -> Found {
    let config = aws_sdk_iam::config::Builder::from(config)
        .retry_partition(super::connection::retry_partition());
    let mut pages = Client::from_conf(config.build())
        .get_account_authorization_details()
        .filter(EntityType::Role)
        .filter(EntityType::LocalManagedPolicy)
        .filter(EntityType::AwsManagedPolicy)
        .max_items(1000)
        .into_paginator()
        .send();
    let mut found = Found {
        scope: Scope::audited(Region::global(), Service::Iam),
        roles: Vec::new(),
        policies: Vec::new(),
    };
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => {
                let roles = page.role_detail_list.unwrap_or_default();
                found.roles.extend(roles.into_iter().map(role));
                let policies = page.policies.unwrap_or_default();
                found.policies.extend(policies.into_iter().map(policy));
            }
            Err(error) => {
                found
                    .scope
                    .gaps
                    .push(gap("GetAccountAuthorizationDetails", None, &error));
                break;
            }
        }
    }
    found
}

fn role(from: RoleDetail) -> Role {
    let tags = from.tags.unwrap_or_default().into_iter().map(|tag| {
        let value = redact::property(&tag.key, &tag.value);
        (tag.key, value)
    });
    let inline = from
        .role_policy_list
        .unwrap_or_default()
        .into_iter()
        .map(|policy| InlinePolicy {
            name: policy.policy_name.unwrap_or_default(),
            document: decoded(policy.policy_document),
        });
    let attached = from
        .attached_managed_policies
        .unwrap_or_default()
        .into_iter();
    let boundary = from
        .permissions_boundary
        .and_then(|boundary| boundary.permissions_boundary_arn);
    Role {
        arn: Arn::from(from.arn.unwrap_or_default()),
        name: from.role_name.unwrap_or_default(),
        id: from.role_id.unwrap_or_default(),
        created_at: from.create_date.as_ref().and_then(timestamp),
        tags: tags.collect(),
        trust: decoded(from.assume_role_policy_document),
        inline_policies: inline.collect(),
        attached_policies: attached
            .filter_map(|policy| policy.policy_arn.map(Arn::from))
            .collect(),
        boundary: boundary.map(Arn::from),
    }
}

fn policy(from: ManagedPolicyDetail) -> ManagedPolicy {
    let versions = from.policy_version_list.unwrap_or_default();
    let default = versions
        .into_iter()
        .find(|version| version.is_default_version);
    ManagedPolicy {
        arn: Arn::from(from.arn.unwrap_or_default()),
        name: from.policy_name.unwrap_or_default(),
        version: from.default_version_id.unwrap_or_default(),
        document: decoded(default.and_then(|version| version.document)),
        tags: None,
    }
}

/// Documents come percent-encoded by RFC 3986, in which `+` is a plus; some endpoints send plain JSON.
fn decoded(document: Option<String>) -> String {
    let document = document.unwrap_or_default();
    if document.trim_start().starts_with('{') {
        return document;
    }
    percent_decode_str(&document)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_percent_decoded_and_a_plus_stays() {
        assert_eq!(
            decoded(Some("%7B%22a%22%3A%22b+c%20d%22%7D".into())),
            r#"{"a":"b+c d"}"#
        );
        assert_eq!(decoded(Some(r#"{"a":"%2B"}"#.into())), r#"{"a":"%2B"}"#);
        assert_eq!(decoded(None), "");
    }
}
