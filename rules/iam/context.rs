//! The context of a request: what its condition keys hold.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is known of a condition key in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// The request holds it, with this value.
    One(Cow<'a, str>),
    /// The request holds it, with these values.
    Many(Vec<String>),
    /// The request doesn't hold it.
    Absent,
    /// Nobody can tell from the inventory.
    Unknown,
}

/// The condition keys of a request. Their names, the tag key of `aws:ResourceTag/…` among them, are
/// compared without regard to case, as IAM does.
///
/// A list: requests are made by the million, hold a score of keys, and are asked of few.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context<'a> {
    keys: Vec<(Key<'a>, Known<'a>)>,
    tags: Vec<(&'static str, &'a BTreeMap<String, String>)>,
    /// Keys that the request may or may not hold, for all that is known: all that are not set, but for those
    /// below a prefix that is closed.
    open: bool,
    closed: Vec<&'static str>,
}

type Key<'a> = Cow<'a, str>;

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
    pub fn with(mut self, key: impl Into<Key<'a>>, value: impl Into<Cow<'a, str>>) -> Self {
        self.set(key, Known::One(value.into()));
        self
    }

    /// Says that the request doesn't hold a key, or any below a prefix that ends in `/`.
    #[must_use]
    pub fn without(mut self, key: &'static str) -> Self {
        if key.ends_with('/') {
            self.forget(key);
            self.closed.push(key);
        } else {
            self.set(key, Known::Absent);
        }
        self
    }

    /// Says that whether the request holds a key, or any below a prefix that ends in `/`, can't be known.
    #[must_use]
    pub fn unknown(mut self, key: &'static str) -> Self {
        self.set(key, Known::Unknown);
        self
    }

    /// Says that the request passes no tags.
    #[must_use]
    pub fn untagged(self) -> Self {
        self.without("aws:RequestTag/")
            .without("aws:TagKeys")
            .without("sts:TransitiveTagKeys")
    }

    /// Sets the keys `prefix` + tag key to the tags' values, and says that there are no others.
    #[must_use]
    pub fn with_tags(mut self, prefix: &'static str, tags: &'a BTreeMap<String, String>) -> Self {
        self.tags.push((prefix, tags));
        self.closed.push(prefix);
        self
    }

    /// Sets what is known of a key.
    pub fn set(&mut self, key: impl Into<Key<'a>>, known: Known<'a>) {
        let key = key.into();
        if key.ends_with('/') {
            self.forget(&key);
        }
        self.keys.push((key, known));
    }

    /// Leaves out what was said of the keys below a prefix.
    fn forget(&mut self, prefix: &str) {
        self.keys.retain(|(key, _)| strip(key, prefix).is_none());
        self.tags.retain(|(it, _)| !it.eq_ignore_ascii_case(prefix));
        self.closed.retain(|it| !it.eq_ignore_ascii_case(prefix));
    }

    /// What is known of a key: what was said last of it, or else of its prefix.
    pub fn get(&self, key: &str) -> Cow<'_, Known<'a>> {
        let mut said = self.keys.iter().rev();
        if let Some((_, known)) = said.find(|(it, _)| it.eq_ignore_ascii_case(key)) {
            return Cow::Borrowed(known);
        }
        for (prefix, tags) in &self.tags {
            let value = strip(key, prefix).and_then(|tag| value(tags, tag));
            if let Some(value) = value {
                return Cow::Owned(Known::One(Cow::Borrowed(value)));
            }
        }
        let prefixes = self.keys.iter().filter(|(it, _)| it.ends_with('/'));
        let mut prefixes = prefixes.filter(|(it, _)| strip(key, it).is_some());
        if let Some((_, known)) = prefixes.next() {
            return Cow::Borrowed(known);
        }
        let closed = self.closed.iter().any(|it| strip(key, it).is_some());
        Cow::Owned(if self.open && !closed {
            Known::Unknown
        } else {
            Known::Absent
        })
    }
}

/// What follows a prefix, whatever its case.
fn strip<'k>(key: &'k str, prefix: &str) -> Option<&'k str> {
    let (start, rest) = key.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn value<'a>(tags: &'a BTreeMap<String, String>, key: &str) -> Option<&'a str> {
    let exact = tags.get(key);
    let any_case = || tags.iter().find(|(it, _)| it.eq_ignore_ascii_case(key));
    let value = exact.or_else(|| any_case().map(|(_, value)| value));
    value.map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &'static str) -> Known<'static> {
        Known::One(Cow::Borrowed(text))
    }

    #[test]
    fn keys_and_their_tag_keys_are_found_in_any_case() {
        let tags = BTreeMap::from([("Team".to_owned(), "ads".to_owned())]);
        let context = Context::open().with_tags("aws:ResourceTag/", &tags);
        assert_eq!(*context.get("AWS:resourcetag/TEAM"), value("ads"));
    }

    #[test]
    fn what_is_not_set_is_absent_or_unknown() {
        let none = BTreeMap::new();
        let context = Context::open().with_tags("aws:ResourceTag/", &none);
        assert_eq!(*context.get("aws:ResourceTag/Team"), Known::Absent);
        assert_eq!(*context.get("aws:SourceIp"), Known::Unknown);
        assert_eq!(*Context::closed().get("aws:SourceIp"), Known::Absent);
    }

    #[test]
    fn a_prefix_speaks_for_all_below_it() {
        let tags = BTreeMap::from([("Team".to_owned(), "ads".to_owned())]);
        let context = Context::open().with_tags("iam:ResourceTag/", &tags);
        let unknown = context.clone().unknown("iam:ResourceTag/");
        assert_eq!(*unknown.get("iam:ResourceTag/Team"), Known::Unknown);
        let absent = context.clone().without("iam:ResourceTag/");
        assert_eq!(*absent.get("iam:ResourceTag/Team"), Known::Absent);
        let one = context
            .without("aws:RequestTag/")
            .with("aws:RequestTag/Team", "ml");
        assert_eq!(*one.get("aws:RequestTag/Team"), value("ml"));
        assert_eq!(*one.get("aws:RequestTag/Owner"), Known::Absent);
    }
}
