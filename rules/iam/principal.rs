//! Who a trust policy speaks of, and who calls.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::estate::AccountId;

/// One name in `Principal`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// `*`: everybody.
    Anyone,
    /// All of an account, as far as the account itself allows: its number or its root user.
    Account(String),
    /// One IAM identity, role or session, by its ARN.
    Identity(String),
    /// What is left of an identity that was deleted: `AROA…`, `AIDA…`.
    Gone(String),
    /// An AWS service.
    Service(String),
    /// A web or SAML identity provider.
    Federated(String),
    /// A canonical user of S3.
    CanonicalUser(String),
}

/// `Principal` or `NotPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principals {
    /// Any of these.
    Only(Vec<Principal>),
    /// All but these.
    AllBut(Vec<Principal>),
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'a> {
    /// A session of a role.
    Role {
        /// The role's ARN.
        arn: &'a str,
    },
    /// An AWS service, such as `emr-serverless.amazonaws.com`.
    Service(&'a str),
}

impl Principal {
    /// The name as it stands under a kind (`AWS`, `Service`, …), if there is such a kind.
    pub(super) fn of(kind: &str, name: &str) -> Option<Self> {
        let name = name.to_owned();
        Some(match kind {
            "AWS" => Self::of_aws(name),
            "Service" => Self::Service(name),
            "Federated" => Self::Federated(name),
            "CanonicalUser" => Self::CanonicalUser(name),
            _ => return None,
        })
    }

    fn of_aws(name: String) -> Self {
        if name == "*" {
            return Self::Anyone;
        }
        let account = account_of_root(&name).unwrap_or(&name);
        if AccountId::is_valid(account) {
            return Self::Account(account.to_owned());
        }
        if name.contains(':') {
            Self::Identity(name)
        } else {
            Self::Gone(name)
        }
    }

    /// The account, identity or `*` that it names among AWS's own.
    pub fn aws(&self) -> Option<&str> {
        match self {
            Self::Anyone => Some("*"),
            Self::Account(name) | Self::Identity(name) => Some(name),
            Self::Gone(_) | Self::Service(_) | Self::Federated(_) | Self::CanonicalUser(_) => None,
        }
    }

    /// The service that it names.
    pub fn service(&self) -> Option<&str> {
        if let Self::Service(name) = self {
            Some(name)
        } else {
            None
        }
    }

    /// The identity provider that it names.
    pub fn federated(&self) -> Option<&str> {
        if let Self::Federated(name) = self {
            Some(name)
        } else {
            None
        }
    }

    /// What is left of the one that it named.
    pub fn gone(&self) -> Option<&str> {
        if let Self::Gone(id) = self {
            Some(id)
        } else {
            None
        }
    }

    /// Kind and name.
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Anyone => ("AWS", "*"),
            Self::Account(name) | Self::Identity(name) | Self::Gone(name) => ("AWS", name),
            Self::Service(name) => ("Service", name),
            Self::Federated(name) => ("Federated", name),
            Self::CanonicalUser(name) => ("CanonicalUser", name),
        }
    }

    /// By what it names the caller, if it does.
    pub fn names(&self, caller: Caller<'_>) -> Option<Named> {
        match (self, caller) {
            (Self::Anyone, Caller::Role { .. }) => Some(Named::Anyone),
            (Self::Account(account), Caller::Role { arn }) => {
                (arn.split(':').nth(4) == Some(account)).then_some(Named::Account)
            }
            (Self::Identity(name), Caller::Role { arn }) if name == arn => Some(Named::Role),
            (Self::Service(name), Caller::Service(service)) => {
                name.eq_ignore_ascii_case(service).then_some(Named::Service)
            }
            // A session can be called as it likes: whoever has the role has each of its sessions.
            (Self::Identity(name), Caller::Role { arn }) => {
                is_session_of(name, arn).then_some(Named::Session)
            }
            _ => None,
        }
    }
}

/// By what a principal names a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// By its account: the account's own policies must allow as well.
    Account,
    /// As this role.
    Role,
    /// As anybody.
    Anyone,
    /// As a session of this role.
    Session,
    /// As this service.
    Service,
}

impl Named {
    /// Every way.
    pub const ALL: [Self; 5] = [
        Self::Account,
        Self::Role,
        Self::Anyone,
        Self::Session,
        Self::Service,
    ];
}

impl Principals {
    /// The strongest way in which they name the caller, if they do.
    pub fn names(&self, caller: Caller<'_>) -> Option<Named> {
        match self {
            Self::Only(names) => names.iter().filter_map(|it| it.names(caller)).max(),
            Self::AllBut(names) => {
                let excepted = names.iter().any(|it| it.names(caller).is_some());
                (!excepted).then_some(Named::Anyone)
            }
        }
    }

    /// The names.
    pub fn list(&self) -> &[Principal] {
        match self {
            Self::Only(names) | Self::AllBut(names) => names,
        }
    }

    /// `Principal` or `NotPrincipal`, and what stands there.
    pub(super) fn to_value(&self) -> (&'static str, Value) {
        let key = match self {
            Self::Only(_) => "Principal",
            Self::AllBut(_) => "NotPrincipal",
        };
        let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (kind, name) in self.list().iter().map(Principal::parts) {
            kinds.entry(kind).or_default().push(name);
        }
        (key, json!(kinds))
    }
}

fn account_of_root(name: &str) -> Option<&str> {
    let mut parts = name.splitn(6, ':');
    let arn = parts.next() == Some("arn");
    let account = parts.nth(3)?;
    (arn && parts.next() == Some("root")).then_some(account)
}

/// Whether an assumed-role ARN is that of a session of a role. Sessions don't show their role's path.
fn is_session_of(session: &str, role: &str) -> bool {
    let mut session = session.splitn(6, ':');
    let mut role = role.splitn(6, ':');
    let same_account = session.nth(4) == role.nth(4);
    let session = session
        .next()
        .and_then(|it| it.strip_prefix("assumed-role/"));
    let name = role.next().and_then(|it| it.rsplit('/').next());
    let session = session.and_then(|it| it.split('/').next());
    same_account && session.is_some() && session == name
}

/// The role behind the ARN of a caller: of `arn:aws:sts::1:assumed-role/NAME/SESSION`, account and name.
pub fn role_of_session(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let account = parts.nth(4)?;
    let name = parts.next()?.strip_prefix("assumed-role/")?;
    Some((account, name.split('/').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::111111111111:role/emr/red/exec";

    fn named(name: &str) -> Option<Named> {
        let principal = Principal::of("AWS", name).unwrap();
        principal.names(Caller::Role { arn: ROLE })
    }

    #[test]
    fn a_role_is_named_by_arn_account_session_or_as_anybody() {
        assert_eq!(named(ROLE), Some(Named::Role));
        assert_eq!(named("111111111111"), Some(Named::Account));
        assert_eq!(
            named("arn:aws:iam::111111111111:root"),
            Some(Named::Account)
        );
        assert_eq!(named("*"), Some(Named::Anyone));
        let session = "arn:aws:sts::111111111111:assumed-role/exec/job";
        assert_eq!(named(session), Some(Named::Session));
        assert_eq!(
            named("arn:aws:sts::222222222222:assumed-role/exec/job"),
            None
        );
        assert_eq!(named("222222222222"), None);
        assert_eq!(named("AROAEXAMPLE"), None);
        assert_eq!(named("arn:aws:iam::111111111111:role/exec"), None);
    }

    #[test]
    fn a_service_is_named_only_as_a_service() {
        let service = Caller::Service("emr-serverless.amazonaws.com");
        let of = |kind, name| Principal::of(kind, name).unwrap().names(service);
        assert_eq!(
            of("Service", "emr-serverless.amazonaws.com"),
            Some(Named::Service)
        );
        assert_eq!(of("AWS", "*"), None);
        assert_eq!(of("Service", "glue.amazonaws.com"), None);
    }

    #[test]
    fn a_session_tells_its_role() {
        let session = "arn:aws:sts::111111111111:assumed-role/exec/job";
        assert_eq!(role_of_session(session), Some(("111111111111", "exec")));
        assert_eq!(role_of_session(ROLE), None);
    }
}
