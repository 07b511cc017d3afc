//! From IAM's types to the estate's, with documents decoded.

use std::collections::BTreeMap;

use aws_sdk_iam::types::{ManagedPolicyDetail, RoleDetail, Tag};
use lineward_rules::estate::{Arn, InlinePolicy, ManagedPolicy, Role};
use lineward_rules::secrets;
use percent_encoding::percent_decode_str;

use crate::collect::convert::timestamp;

pub(super) fn role(from: RoleDetail) -> Role {
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
        tags: tags(from.tags.unwrap_or_default()),
        trust: decoded(from.assume_role_policy_document),
        inline_policies: inline.collect(),
        attached_policies: attached
            .filter_map(|policy| policy.policy_arn.map(Arn::from))
            .collect(),
        boundary: boundary.map(Arn::from),
    }
}

/// A policy as the pages have it, which is without its tags.
pub(super) fn policy(from: ManagedPolicyDetail) -> ManagedPolicy {
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

/// Tags without their secrets.
pub(super) fn tags(from: Vec<Tag>) -> BTreeMap<String, String> {
    from.into_iter()
        .map(|tag| {
            let value = secrets::property(&tag.key, &tag.value);
            (secrets::text(&tag.key), value)
        })
        .collect()
}

/// Documents without their secrets. They come percent-encoded by RFC 3986, in which `+` is a plus; some endpoints send plain JSON.
pub(super) fn decoded(document: Option<String>) -> String {
    let document = document.unwrap_or_default();
    if document.trim_start().starts_with('{') {
        return secrets::document(&document);
    }
    secrets::document(&percent_decode_str(&document).decode_utf8_lossy())
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
