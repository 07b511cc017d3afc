//! The one reader of lists. A list ends where the service says so: at the end of its tokens, and nowhere else.
//!
//! The SDK's own paginators take a token that comes twice, or a marker that is missing, for the end.

use std::collections::BTreeSet;

use lineward_rules::estate::{Arn, Cause, Gap};

use super::patience::Failure;

/// The most pages that are read of a list within an account, or, more of them, of the list of accounts.
pub(super) const MOST_PAGES: usize = 1_000;

/// A page of a list.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) rest: Rest,
}

/// What comes after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Another page, by its token.
    Token(String),
    /// Nothing.
    Nothing,
    /// More, but no token to ask for it.
    Lost,
}

impl Rest {
    /// Where a token alone tells; an empty one is none.
    pub(super) fn of(token: Option<String>) -> Self {
        let token = token.filter(|token| !token.is_empty());
        token.map_or(Self::Nothing, Self::Token)
    }

    /// Where a flag tells, and a marker is the token.
    pub(super) fn of_truncated(is_truncated: bool, marker: Option<String>) -> Self {
        let marker = marker.filter(|marker| !marker.is_empty());
        if is_truncated {
            marker.map_or(Self::Lost, Self::Token)
        } else {
            Self::Nothing
        }
    }
}

/// The tokens of one list, as they come.
#[derive(Debug)]
pub(super) struct Tokens {
    operation: &'static str,
    resource: Option<Arn>,
    most_pages: usize,
    pages: usize,
    given: BTreeSet<String>,
}

impl Tokens {
    /// Of a list of `operation`, which tells of what lies below `resource` or in the whole scope.
    pub(super) fn new(operation: &'static str, resource: Option<Arn>) -> Self {
        Self {
            operation,
            resource,
            most_pages: MOST_PAGES,
            pages: 0,
            given: BTreeSet::new(),
        }
    }

    /// With another bound.
    pub(super) fn up_to(self, most_pages: usize) -> Self {
        Self { most_pages, ..self }
    }

    /// The token to ask with after a page, or nothing at the list's end.
    pub(super) fn after(&mut self, rest: Rest) -> Result<Option<String>, Gap> {
        self.pages += 1;
        match rest {
            Rest::Nothing => Ok(None),
            Rest::Lost => Err(self.gap(
                Cause::ServerError,
                "TokenMissing",
                "the list goes on, but the answer holds no token to ask for the rest".into(),
            )),
            Rest::Token(_) if self.pages >= self.most_pages => {
                let reason = format!("more than {} pages; the rest was not read", self.pages);
                Err(self.gap(Cause::Limit, "TooManyPages", reason))
            }
            Rest::Token(token) if self.given.contains(&token) => Err(self.gap(
                Cause::ServerError,
                "TokenRepeated",
                "a token came a second time, so that the rest of the list can't be asked for"
                    .into(),
            )),
            Rest::Token(token) => {
                self.given.insert(token.clone());
                Ok(Some(token))
            }
        }
    }

    fn gap(&self, cause: Cause, code: &str, reason: String) -> Gap {
        Gap {
            operation: self.operation.to_owned(),
            resource: self.resource.clone(),
            cause,
            code: code.to_owned(),
            reason,
        }
    }
}

/// What was read of a list.
#[derive(Debug)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    /// How many pages came.
    pub(super) pages: usize,
    /// Why this isn't all of it.
    pub(super) failure: Option<Failure>,
}

impl<T> List<T> {
    /// Why this isn't all of it.
    pub(super) fn gap(&self) -> Option<Gap> {
        self.failure.as_ref().map(|failure| failure.gap.clone())
    }

    /// Whether not even the first page came.
    pub(super) fn is_refused(&self) -> bool {
        self.failure.is_some() && self.pages == 0
    }
}

/// Reads a list page by page, to its end or until there are more than `enough` items.
pub(super) async fn read<T, F>(
    mut tokens: Tokens,
    enough: usize,
    mut ask: impl FnMut(Option<String>) -> F,
) -> List<T>
where
    F: Future<Output = Result<Page<T>, Failure>>,
{
    let mut items = Vec::new();
    let mut token = None;
    let failure = loop {
        let page = match ask(token).await {
            Ok(page) => page,
            Err(failure) => break Some(failure),
        };
        items.extend(page.items);
        match tokens.after(page.rest) {
            Ok(Some(_)) if items.len() > enough => break None,
            Ok(Some(next)) => token = Some(next),
            Ok(None) => break None,
            Err(gap) => break Some(gap.into()),
        }
    };
    let pages = tokens.pages;
    List {
        items,
        pages,
        failure,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::FutureExt as _;

    use super::*;

    /// Reads a list of which each page holds one item and `next` gives the token by the page's number.
    fn list(next: impl Fn(usize) -> Rest) -> List<usize> {
        let mut page = 0;
        let ask = |_| {
            page += 1;
            let (items, rest) = (vec![page], next(page));
            std::future::ready(Ok(Page { items, rest }))
        };
        let tokens = Tokens::new("ListThings", None).up_to(5);
        read(tokens, usize::MAX, ask).now_or_never().unwrap()
    }

    fn code(list: &List<usize>) -> Option<&str> {
        list.failure.as_ref().map(|it| it.gap.code.as_str())
    }

    #[test]
    fn a_list_is_whole_only_where_its_tokens_end() {
        let three = list(|page| Rest::of((page < 3).then(|| page.to_string())));
        assert_eq!((three.items.len(), code(&three)), (3, None));
        let empty_token = list(|_| Rest::of(Some(String::new())));
        assert_eq!((empty_token.items.len(), code(&empty_token)), (1, None));
    }

    #[test]
    fn a_token_that_came_before_is_a_gap_wherever_in_the_list() {
        let same = list(|_| Rest::of(Some("a".into())));
        assert_eq!((same.items.len(), code(&same)), (2, Some("TokenRepeated")));
        let in_turns = list(|page| Rest::of(Some((page % 2).to_string())));
        assert_eq!(code(&in_turns), Some("TokenRepeated"));
    }

    #[test]
    fn tokens_without_end_are_a_gap_at_the_bound() {
        let endless = list(|page| Rest::of(Some(page.to_string())));
        assert_eq!((endless.pages, code(&endless)), (5, Some("TooManyPages")));
        let as_many = list(|page| Rest::of((page < 5).then(|| page.to_string())));
        assert_eq!(code(&as_many), None);
    }

    #[test]
    fn a_truncated_list_without_a_marker_is_a_gap() {
        let lost = list(|_| Rest::of_truncated(true, None));
        assert_eq!(code(&lost), Some("TokenMissing"));
        let whole = list(|_| Rest::of_truncated(false, Some("left over".into())));
        assert_eq!((whole.pages, code(&whole)), (1, None));
    }
}
