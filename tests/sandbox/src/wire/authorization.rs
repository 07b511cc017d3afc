//! Who calls, and from which Region: the credential scope of a `SigV4` signature.

use crate::organization::Organization;

/// The access key of the auditor's own account; any secret goes with it.
pub const AUDITOR_KEY: &str = "AKIALINEWARDAUDITOR0";

/// The credential scope of a request. The signature itself is not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope<'a> {
    pub(crate) key: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

impl<'a> Scope<'a> {
    /// Reads `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, ...`.
    pub(crate) fn parse(header: &'a str) -> Option<Self> {
        let (algorithm, fields) = header.trim().split_once(' ')?;
        if algorithm != "AWS4-HMAC-SHA256" {
            return None;
        }
        let credential = fields
            .split(',')
            .find_map(|field| field.trim().strip_prefix("Credential="))?;
        let mut parts = credential.split('/');
        let key = parts.next()?;
        let date = parts.next()?;
        let (region, service) = (parts.next()?, parts.next()?);
        let whole = parts.next() == Some("aws4_request") && parts.next().is_none();
        let dated = date.len() == 8 && date.bytes().all(|it| it.is_ascii_digit());
        (whole && dated && !key.is_empty()).then_some(Self {
            key,
            region,
            service,
        })
    }

    /// The account that the key belongs to.
    ///
    /// `ASIA` or `AKIA`, the account's twelve digits and four characters are a key of that account;
    /// one that begins with `ASIA` is temporary and comes with a session token. The digits alone are
    /// a key too: emulators of Lambda give them to their functions.
    pub(crate) fn account<'o>(
        &self,
        organization: &'o Organization,
        token: bool,
    ) -> Option<&'o str> {
        if self.key == AUDITOR_KEY {
            return Some(&organization.auditor_account);
        }
        if let Some((id, _)) = organization.accounts.get_key_value(self.key) {
            return Some(id);
        }
        let digits = match self.key.split_at_checked(4)? {
            ("ASIA", rest) if token => rest,
            ("AKIA", rest) => rest,
            _ => return None,
        };
        let (account, suffix) = digits.split_at_checked(12)?;
        let (id, _) = organization.accounts.get_key_value(account)?;
        (suffix.len() == 4).then_some(id)
    }
}

/// A temporary key of an account.
pub(crate) fn temporary_key(account: &str) -> String {
    format!("ASIA{account}LNWD")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Account;

    const HEADER: &str = "AWS4-HMAC-SHA256 Credential=ASIA111122223333LNWD/20261123/eu-west-1/\
                          emr-serverless/aws4_request, SignedHeaders=host, Signature=00ff";

    #[test]
    fn the_scope_is_read_from_the_header() {
        let scope = Scope::parse(HEADER).unwrap();
        assert_eq!(scope.key, "ASIA111122223333LNWD");
        assert_eq!(scope.region, "eu-west-1");
        assert_eq!(scope.service, "emr-serverless");
    }

    #[test]
    fn garbled_headers_have_no_scope() {
        for header in [
            "",
            "Basic abc",
            "AWS4-HMAC-SHA256 Signature=00",
            "AWS4-HMAC-SHA256 Credential=KEY/20261123/eu-west-1/sts",
            "AWS4-HMAC-SHA256 Credential=KEY/today/eu-west-1/sts/aws4_request",
            "AWS4-HMAC-SHA256 Credential=/20261123/eu-west-1/sts/aws4_request",
        ] {
            assert_eq!(Scope::parse(header), None, "{header}");
        }
    }

    #[test]
    fn a_key_is_good_for_its_own_account_alone() {
        let mut organization = Organization::empty("999988887777", "123456789012");
        let id = String::from("111122223333");
        organization.accounts.insert(id, Account::default());
        let account = |key, token| {
            let scope = Scope {
                key,
                ..Scope::parse(HEADER).unwrap()
            };
            scope.account(&organization, token).map(String::from)
        };
        assert_eq!(account(AUDITOR_KEY, false).unwrap(), "123456789012");
        let key = temporary_key("111122223333");
        assert_eq!(account(&key, true).unwrap(), "111122223333");
        assert_eq!(account(&key, false), None);
        assert_eq!(account("ASIA444455556666LNWD", true), None);
        assert_eq!(account("AKIAé", true), None);
    }
}
