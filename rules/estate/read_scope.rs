//! What was read to know something, so that a later run can say whether it read the same.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::estate::{AccountId, Arn, Region, Service, Slice};

/// One place that something was read from.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct ReadScope {
    /// The account.
    pub account: AccountId,
    /// The Region, or `global`.
    pub region: Region,
    /// The service.
    pub service: Service,
    /// The resource, or all that the service holds there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Arn>,
}

impl ReadScope {
    /// All roles of an account with their policies.
    pub fn roles_of(account: impl Into<AccountId>) -> Self {
        Self {
            account: account.into(),
            region: Region::global(),
            service: Service::Iam,
            resource: None,
        }
    }

    /// The list of the organization's accounts, which is the same whichever of them is asked.
    pub fn organization_of(account: impl Into<AccountId>) -> Self {
        Self {
            service: Service::Organizations,
            ..Self::roles_of(account)
        }
    }

    /// A resource of IAM or of EMR Serverless, by its ARN; other services are not read by resource.
    pub fn resource(arn: &Arn) -> Option<Self> {
        let mut fields = arn.as_str().split(':').skip(2);
        let (region, service) = match (fields.next()?, fields.next()?) {
            ("emr-serverless", region) => (Region::from(region), Service::EmrServerless),
            ("iam", _) => (Region::global(), Service::Iam),
            _ => return None,
        };
        Some(Self {
            account: AccountId::from(arn.account()),
            region,
            service,
            resource: Some(arn.clone()),
        })
    }

    /// Whether a slice's walk read this place.
    ///
    /// A policy that was not read may be the one that decides, so that of IAM all is read or nothing is.
    pub fn is_read_in(&self, slice: &Slice) -> bool {
        let is_listed = self.service == Service::Organizations;
        if !is_listed && slice.account.id != self.account {
            return false;
        }
        let mut scopes = slice.scopes.iter();
        let is_read = scopes.any(|scope| {
            (&scope.region, scope.service) == (&self.region, self.service)
                && match &self.resource {
                    Some(resource) => scope.looked_at(resource),
                    None => self.service == Service::Iam || scope.is_whole(),
                }
        });
        is_read && (self.service != Service::Iam || slice.has_all_roles())
    }
}

/// A set of places, in order. Most hold one or two, of which a list takes the least memory.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ReadScopes(Vec<ReadScope>);

impl ReadScopes {
    /// Nothing: what holds whatever was read.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Adds a place.
    pub fn insert(&mut self, scope: ReadScope) {
        if let Err(at) = self.0.binary_search(&scope) {
            self.0.insert(at, scope);
        }
    }

    /// With more places.
    #[must_use]
    pub fn and(mut self, more: impl IntoIterator<Item = ReadScope>) -> Self {
        self.extend(more);
        self
    }

    /// The places, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, ReadScope> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Extend<ReadScope> for ReadScopes {
    fn extend<T: IntoIterator<Item = ReadScope>>(&mut self, scopes: T) {
        self.0.extend(scopes);
        self.0.sort_unstable();
        self.0.dedup();
    }
}

impl FromIterator<ReadScope> for ReadScopes {
    fn from_iter<T: IntoIterator<Item = ReadScope>>(scopes: T) -> Self {
        Self::none().and(scopes)
    }
}

impl IntoIterator for ReadScopes {
    type Item = ReadScope;
    type IntoIter = std::vec::IntoIter<ReadScope>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a ReadScopes {
    type Item = &'a ReadScope;
    type IntoIter = std::slice::Iter<'a, ReadScope>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Account, Cause, Gap, Scope};

    const APPLICATION: &str = "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1";
    const POLICY: &str = "arn:aws:iam::111122223333:policy/p";

    fn gap(operation: &str, resource: Option<&str>) -> Gap {
        Gap {
            operation: operation.into(),
            resource: resource.map(Arn::from),
            cause: Cause::Denied,
            code: "AccessDenied".into(),
            reason: "no".into(),
        }
    }

    /// Whether a place is read where EMR Serverless, IAM and Organizations have these gaps.
    fn is_read(place: &ReadScope, service: Service, gaps: &[Gap]) -> bool {
        let scope = |region: Region, of: Service| Scope {
            gaps: gaps.iter().filter(|_| of == service).cloned().collect(),
            ..Scope::audited(region, of)
        };
        let slice = Slice {
            scopes: vec![
                scope(Region::from("eu-west-1"), Service::EmrServerless),
                scope(Region::global(), Service::Iam),
                scope(Region::global(), Service::Organizations),
            ],
            ..Slice::new(Account::example())
        };
        place.is_read_in(&slice)
    }

    fn of(arn: &str) -> ReadScope {
        ReadScope::resource(&Arn::from(arn)).unwrap()
    }

    #[test]
    fn an_application_is_read_unless_it_or_its_region_was_not() {
        let emr = Service::EmrServerless;
        let beside = format!("{APPLICATION}2");
        let list = gap("ListApplications", None);
        let get = |arn: &str| gap("GetApplication", Some(arn));
        assert!(is_read(&of(APPLICATION), emr, &[]));
        assert!(is_read(&of(APPLICATION), emr, &[get(&beside)]));
        assert!(!is_read(&of(APPLICATION), emr, &[get(APPLICATION)]));
        assert!(!is_read(&of(APPLICATION), emr, std::slice::from_ref(&list)));
        assert!(is_read(&of(APPLICATION), Service::Iam, &[list]));
        let elsewhere = APPLICATION.replace("eu-west-1", "eu-west-2");
        assert!(!is_read(&of(&elsewhere), emr, &[]));
        let another = APPLICATION.replace("1111", "2222");
        assert!(!is_read(&of(&another), emr, &[]));
    }

    #[test]
    fn roles_hang_on_every_policy_and_on_the_tags_of_those_that_they_name() {
        let roles = ReadScope::roles_of("111122223333");
        let get = gap("GetPolicyVersion", Some(POLICY));
        let tags = gap("ListPolicyTags", Some(POLICY));
        assert!(!is_read(&roles, Service::Iam, &[get]));
        assert!(is_read(&roles, Service::Iam, std::slice::from_ref(&tags)));
        assert!(!is_read(&of(POLICY), Service::Iam, &[tags]));
    }

    #[test]
    fn the_organization_is_read_by_whichever_account_is_asked() {
        let all = ReadScope::organization_of("999988887777");
        let list = gap("ListAccounts", None);
        assert!(is_read(&all, Service::Organizations, &[]));
        assert!(!is_read(&all, Service::Organizations, &[list]));
    }

    #[test]
    fn what_is_of_no_service_that_is_read_by_resource_is_no_place() {
        assert_eq!(ReadScope::resource(&Arn::from("arn:aws:s3:::bucket")), None);
        assert_eq!(ReadScope::resource(&Arn::from("*")), None);
    }

    #[test]
    fn a_set_holds_each_place_once() {
        let (a, b) = (ReadScope::roles_of("1"), ReadScope::roles_of("2"));
        let mut scopes: ReadScopes = [b.clone(), a.clone()].into_iter().collect();
        scopes.insert(b.clone());
        assert_eq!(scopes.into_iter().collect::<Vec<_>>(), [a, b]);
    }
}
