//! The context of a request: what its condition keys hold.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is known of a condition key in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// The request holds it, with these values.
    Values(Cow<'a, [String]>),
    /// The request doesn't hold it.
    Absent,
    /// Nobody can tell from the inventory.
    Unknown,
}

/// The condition keys of a request. Their names, the tag key of `aws:ResourceTag/…` among them, are
/// compared without regard to case, as IAM does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context<'a> {
    keys: BTreeMap<String, Known<'a>>,
    /// Keys that the request may or may not hold, for all that is known: all that are not set, but for those
    /// below a prefix that is closed.
    open: bool,
    closed: Vec<String>,
}

impl<'a> Context<'a> {
    /// A context of which everything is known: what isn't set is absent.
    pub fn closed() -> Self {
        Self::default()
    }

    /// A context of which only what is set is known.
    pub fn open() -> Self {
        Self {
            open: true,
            ..Self::default()
        }
    }

    /// Sets a key to one value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        let value = Known::Values(Cow::Owned(vec![value.into()]));
        self.set(key, value);
        self
    }

    /// Says that the request doesn't hold a key, or any below a prefix that ends in `/`.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.set(key, Known::Absent);
        self
    }

    /// Says that whether the request holds a key, or any below a prefix that ends in `/`, can't be known.
    #[must_use]
    pub fn unknown(mut self, key: &str) -> Self {
        self.set(key, Known::Unknown);
        self
    }

    /// Sets the keys `prefix` + tag key to the tags' values, and says that there are no others.
    #[must_use]
    pub fn with_tags(mut self, prefix: &str, tags: &BTreeMap<String, String>) -> Self {
        for (key, value) in tags {
            self = self.with(&format!("{prefix}{key}"), value);
        }
        self.closed.push(prefix.to_ascii_lowercase());
        self
    }

    /// Sets what is known of a key.
    pub fn set(&mut self, key: &str, known: Known<'a>) {
        let key = key.to_ascii_lowercase();
        if key.ends_with('/') {
            self.keys.retain(|it, _| !it.starts_with(&key));
            self.closed.retain(|it| *it != key);
            if known == Known::Absent {
                self.closed.push(key);
                return;
            }
        }
        self.keys.insert(key, known);
    }

    /// What is known of a key.
    pub fn get(&self, key: &str) -> &Known<'a> {
        let key = key.to_ascii_lowercase();
        if let Some(known) = self.keys.get(&key) {
            return known;
        }
        let prefix = key.split_inclusive('/').next().unwrap_or_default();
        if let Some(known) = self.keys.get(prefix) {
            return known;
        }
        if self.open && !self.closed.iter().any(|it| key.starts_with(it)) {
            return &Known::Unknown;
        }
        &Known::Absent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Known<'static> {
        Known::Values(Cow::Owned(vec![text.into()]))
    }

    #[test]
    fn keys_and_their_tag_keys_are_found_in_any_case() {
        let tags = BTreeMap::from([("Team".to_owned(), "ads".to_owned())]);
        let context = Context::open().with_tags("aws:ResourceTag/", &tags);
        assert_eq!(context.get("AWS:resourcetag/TEAM"), &value("ads"));
    }

    #[test]
    fn what_is_not_set_is_absent_or_unknown() {
        let context = Context::open().with_tags("aws:ResourceTag/", &BTreeMap::new());
        assert_eq!(context.get("aws:ResourceTag/Team"), &Known::Absent);
        assert_eq!(context.get("aws:SourceIp"), &Known::Unknown);
        assert_eq!(Context::closed().get("aws:SourceIp"), &Known::Absent);
    }

    #[test]
    fn a_prefix_speaks_for_all_below_it() {
        let tags = BTreeMap::from([("Team".to_owned(), "ads".to_owned())]);
        let context = Context::open().with_tags("iam:ResourceTag/", &tags);
        let unknown = context.clone().unknown("iam:ResourceTag/");
        assert_eq!(unknown.get("iam:ResourceTag/Team"), &Known::Unknown);
        let absent = context.without("iam:ResourceTag/");
        assert_eq!(absent.get("iam:ResourceTag/Team"), &Known::Absent);
    }
}
