//! Identity providers, and which subjects of theirs a trust policy admits. The data is in `issuers.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::iam::condition::{Base, Condition};
use crate::iam::document::{Effect, Statement};
use crate::iam::principal::Principal;

/// A provider that is public: others than the organization have an account with it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Public {
    name: String,
    url: String,
    /// Whether each of its tenants has an address of its own below this one.
    #[serde(default)]
    prefix: bool,
    claims: BTreeMap<String, usize>,
    #[expect(dead_code, reason = "kept for readers of the data")]
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    issuer: Vec<Public>,
}

static PUBLIC: LazyLock<Vec<Public>> = LazyLock::new(|| {
    let list = toml::from_str::<List>(include_str!("issuers.toml"));
    list.map(|it| it.issuer).unwrap_or_default()
});

/// How many parts of a subject tell whose it is, by how it starts, where nothing more is known of the provider.
const LABELS: [(&str, usize); 3] = [
    ("system:serviceaccount:", 3),
    ("project_path:", 2),
    ("repo:", 2),
];

/// An identity provider that a trust policy names.
#[derive(Clone, Copy, Debug)]
pub struct Issuer<'p> {
    /// Its address, without `https://`: what its condition keys begin with.
    pub url: &'p str,
    public: Option<&'static Public>,
}

impl<'p> Issuer<'p> {
    /// The web identity provider that a principal names.
    pub fn of(principal: &'p Principal) -> Option<Self> {
        let name = principal.federated()?;
        let url = match name.split_once(":oidc-provider/") {
            Some((_, url)) => url,
            None if name.starts_with("arn:") => return None,
            None => name,
        };
        let is_it = |it: &&Public| {
            let starts = url.strip_prefix(&it.url);
            starts.is_some_and(|rest| it.prefix || rest.is_empty())
        };
        let public = PUBLIC.iter().find(is_it);
        Some(Self { url, public })
    }

    /// The name of a provider that others have accounts with, too.
    pub fn public_name(&self) -> Option<&'static str> {
        self.public.map(|it| it.name.as_str())
    }

    /// Whether a statement of a trust policy admits some of the provider's tenants alone. `trust` is the whole
    /// policy: a denial of all others holds it as well.
    pub fn is_pinned<'s>(
        &self,
        statement: &Statement,
        trust: impl IntoIterator<Item = &'s Statement>,
    ) -> bool {
        let mut conditions = statement.conditions.iter();
        let denies = |it: &Statement| {
            let [only] = it.conditions.as_slice() else {
                return false;
            };
            let is_other = matches!(
                only.operator.base,
                Base::StringNotEquals | Base::StringNotEqualsIgnoreCase | Base::StringNotLike
            );
            it.effect == Effect::Deny && is_other && self.spells_out(only)
        };
        conditions.any(|it| it.operator.base.is_text_list() && self.spells_out(it))
            || trust.into_iter().any(denies)
    }

    /// The subjects that a statement admits, each a text or a pattern.
    pub fn subjects<'s>(&self, statement: &'s Statement) -> Vec<&'s str> {
        let key = format!("{}:sub", self.url);
        let conditions = statement.conditions.iter();
        let positive = conditions.filter(|it| it.operator.base.is_text_list() && it.is_on(&key));
        positive
            .flat_map(|it| it.values.iter().map(String::as_str))
            .collect()
    }

    /// Whether a pattern of subjects spans what one tenant owns, such as all repositories of an organization: within
    /// one repository whoever comes in is the same.
    pub fn is_tenant_wide(&self, pattern: &str) -> bool {
        let prefix = literal_prefix(pattern, true);
        let depth = self.depth("sub", pattern);
        prefix != pattern && depth.is_none_or(|depth| parts(prefix) <= depth)
    }

    /// Whether every value of a condition says whose the identity is.
    fn spells_out(&self, condition: &Condition) -> bool {
        let Some(claim) = self.claim(&condition.key) else {
            return false;
        };
        // Of the claims, the subject alone is in every token.
        if condition.operator.if_exists && claim != "sub" {
            return false;
        }
        let is_wild = matches!(
            condition.operator.base,
            Base::StringLike | Base::StringNotLike
        );
        let mut values = condition.values.iter();
        values.all(|it| {
            let prefix = literal_prefix(it, is_wild);
            prefix == it
                || self
                    .depth(&claim, it)
                    .is_some_and(|depth| parts(prefix) >= depth)
        }) && self.depth(&claim, "").is_some()
    }

    /// The claim that a condition key holds.
    fn claim(&self, key: &str) -> Option<String> {
        let (start, claim) = key.split_at_checked(self.url.len())?;
        let claim = claim.strip_prefix(':')?;
        start
            .eq_ignore_ascii_case(self.url)
            .then(|| claim.to_ascii_lowercase())
    }

    /// How many parts of a claim tell whose it is; nothing where it tells nothing.
    fn depth(&self, claim: &str, value: &str) -> Option<usize> {
        if let Some(public) = self.public {
            return public.claims.get(claim).copied();
        }
        if claim == "aud" {
            return None;
        }
        let label = LABELS.iter().find(|(label, _)| value.starts_with(label));
        Some(label.map_or(1, |it| it.1))
    }
}

/// The text before the first wildcard or variable.
fn literal_prefix(value: &str, is_wild: bool) -> &str {
    let is_open = |it: char| it == '$' || is_wild && matches!(it, '*' | '?');
    value.split(is_open).next().unwrap_or_default()
}

/// How many parts a text has that are ended and not empty.
fn parts(text: &str) -> usize {
    let mut parts: Vec<_> = text.split([':', '/']).collect();
    parts.pop();
    parts.iter().filter(|it| !it.is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::Document;

    fn is_pinned(url: &str, conditions: &str) -> bool {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
            "Principal":{{"Federated":"arn:aws:iam::1:oidc-provider/{url}"}},"Condition":{}}}}}"#,
            conditions.replace('~', url)
        );
        let document = Document::parse(&text).unwrap();
        let statement = &document.statements[0];
        let issuer = Issuer::of(&statement.named()[0]).unwrap();
        issuer.is_pinned(statement, &document.statements)
    }

    #[test]
    fn a_public_provider_is_pinned_by_a_subject_that_names_its_tenant() {
        let github = "token.actions.githubusercontent.com";
        for pinned in [
            r#"{"StringEquals":{"~:sub":"repo:acme/blue:ref:refs/heads/main"}}"#,
            r#"{"StringLike":{"~:sub":"repo:acme/*"}}"#,
            r#"{"ForAnyValue:StringLike":{"~:SUB":["repo:acme/blue:*","repo:acme/red:*"]}}"#,
            r#"{"StringLikeIfExists":{"~:sub":"repo:acme/blue:*"}}"#,
            r#"{"StringEquals":{"~:repository_owner":"acme"}}"#,
        ] {
            assert!(is_pinned(github, pinned), "{pinned}");
        }
        for open in [
            "{}",
            r#"{"StringEquals":{"~:aud":"sts.amazonaws.com"}}"#,
            r#"{"StringLike":{"~:sub":"*"}}"#,
            r#"{"StringLike":{"~:sub":"repo:*"}}"#,
            r#"{"StringLike":{"~:sub":"repo:*/blue:*"}}"#,
            r#"{"StringLike":{"~:sub":"repo:acme*"}}"#,
            r#"{"StringLike":{"~:sub":["repo:acme/blue:*","*"]}}"#,
            r#"{"StringNotEquals":{"~:sub":"repo:evil/x:*"}}"#,
            r#"{"StringEqualsIfExists":{"~:repository_owner":"acme"}}"#,
            r#"{"Null":{"~:sub":"false"}}"#,
        ] {
            assert!(!is_pinned(github, open), "{open}");
        }
        assert!(!is_pinned(
            "oidc.circleci.com/org/o1",
            r#"{"StringLike":{"~:sub":"org/o1/*"}}"#
        ));
        assert!(is_pinned(
            "cognito-identity.amazonaws.com",
            r#"{"StringEquals":{"~:aud":"eu-west-1:pool"}}"#
        ));
    }

    #[test]
    fn one_of_ones_own_is_pinned_by_any_claim_but_the_audience() {
        let eks = "oidc.eks.eu-west-1.amazonaws.com/id/0123";
        for (condition, expected) in [
            (r#"{"StringEquals":{"~:aud":"sts.amazonaws.com"}}"#, false),
            (
                r#"{"StringLike":{"~:sub":"system:serviceaccount:*:worker"}}"#,
                false,
            ),
            (
                r#"{"StringLike":{"~:sub":"system:serviceaccount:blue:*"}}"#,
                true,
            ),
            (
                r#"{"StringEquals":{"~:sub":"system:serviceaccount:blue:worker"}}"#,
                true,
            ),
        ] {
            assert_eq!(is_pinned(eks, condition), expected, "{condition}");
        }
    }

    #[test]
    fn each_public_provider_is_listed_once_with_a_claim() {
        assert!(PUBLIC.len() > 10);
        for issuer in PUBLIC.iter() {
            assert!(!issuer.claims.is_empty(), "{}", issuer.name);
            let same = PUBLIC.iter().filter(|it| it.url == issuer.url);
            assert_eq!(same.count(), 1, "{}", issuer.url);
        }
    }
}
