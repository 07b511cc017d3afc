//! The names that AWS gives, each its own type, so that two can't be swapped.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Declares a string that is a name of one kind.
macro_rules! name {
    ($(#[$meta:meta])+ $name:ident) => {
        $(#[$meta])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The name as AWS writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<String>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name! {
    /// An account's twelve digits.
    AccountId
}
name! {
    /// A Region's code, such as `eu-west-1`, or `global` for a service that has none.
    Region
}
name! {
    /// An Amazon Resource Name.
    Arn
}

impl AccountId {
    /// Whether a text is twelve digits, as every account's id is: no pattern, and no part of one.
    pub fn is_valid(text: &str) -> bool {
        text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
    }
}

impl Region {
    /// The region of services that have none, such as IAM.
    pub fn global() -> Self {
        Self::from("global")
    }
}

impl Arn {
    /// The partition (`aws`, `aws-cn`, `aws-us-gov`), which is `aws` where the ARN is malformed.
    pub fn partition(&self) -> &str {
        self.0
            .split(':')
            .nth(1)
            .filter(|part| !part.is_empty())
            .unwrap_or("aws")
    }

    /// The account, empty where the ARN has none.
    pub fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }

    /// The EMR Serverless application that this is, or that it belongs to.
    pub fn application(&self) -> Option<Self> {
        let (before, after) = self.0.split_once(":/applications/")?;
        let id = after.split('/').next()?;
        Some(Self(format!("{before}:/applications/{id}")))
    }

    /// Whether this is `ancestor`, or lies below it in a path of `/`.
    pub fn is_within(&self, ancestor: &Self) -> bool {
        self.0
            .strip_prefix(ancestor.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_within_its_parent_but_not_within_a_namesake() {
        let application = Arn::from("arn:aws:emr-serverless:eu-west-1:1:/applications/00a");
        assert!(application.is_within(&application));
        assert!(Arn::from(format!("{application}/jobruns/1")).is_within(&application));
        assert!(!Arn::from(format!("{application}b")).is_within(&application));
    }

    #[test]
    fn a_run_belongs_to_its_application() {
        let application = Arn::from("arn:aws:emr-serverless:eu-west-1:1:/applications/00a");
        let run = Arn::from(format!("{application}/jobruns/1"));
        assert_eq!(run.application(), Some(application.clone()));
        assert_eq!(application.application(), Some(application));
        assert_eq!(Arn::from("arn:aws:iam::1:root").application(), None);
    }

    #[test]
    fn a_malformed_arn_has_the_common_partition() {
        assert_eq!(Arn::from("arn:aws-cn:iam::1:root").partition(), "aws-cn");
        assert_eq!(Arn::from("").partition(), "aws");
    }
}
