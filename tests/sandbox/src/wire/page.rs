//! Pages of a list that is held in the order of its keys.

use std::collections::BTreeMap;
use std::ops::Bound;

/// A page, and the token of the next one.
#[derive(Debug, PartialEq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// A token is `after-` and a key in hexadecimal, since a key may hold what a token may not.
const AFTER: &str = "after-";
/// Before the page that it asks for, an empty one is given.
const EMPTY: &str = "empty-";

/// One page of at most `size` items that `wanted` lets through.
///
/// Starts where the last page ended, whatever was added or removed meanwhile. With `gap`, the second
/// page is empty, as Organizations may have it. `None` for a token that was never given out.
pub(crate) fn page<'a, V, T>(
    map: &'a BTreeMap<String, V>,
    token: Option<&str>,
    size: usize,
    gap: bool,
    wanted: impl Fn(&'a str, &'a V) -> Option<T>,
) -> Option<Page<T>> {
    let start = match token {
        None => Bound::Unbounded,
        Some(token) => {
            if let Some(key) = token.strip_prefix(EMPTY) {
                let next = Some(format!("{AFTER}{key}"));
                return unhex(key).map(|_| Page {
                    items: vec![],
                    next,
                });
            }
            Bound::Excluded(unhex(token.strip_prefix(AFTER)?)?)
        }
    };
    let mut rest = map
        .range::<String, _>((start, Bound::Unbounded))
        .filter_map(|(key, value)| Some((key, wanted(key, value)?)));
    let mut items = Vec::new();
    let mut last = None;
    for (key, item) in rest.by_ref().take(size.max(1)) {
        items.push(item);
        last = Some(key);
    }
    let more = rest.next().is_some();
    let kind = if gap && token.is_none() { EMPTY } else { AFTER };
    let next = last
        .filter(|_| more)
        .map(|key| format!("{kind}{}", hex(key)));
    Some(Page { items, next })
}

fn hex(key: &str) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    key.bytes()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn unhex(digits: &str) -> Option<String> {
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<_>> = (0..digits.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(count: u32, size: usize, gap: bool) -> Vec<usize> {
        let map: BTreeMap<_, _> = (0..count).map(|n| (format!("k/{n:03}"), n)).collect();
        let mut token = None;
        let mut lengths = Vec::new();
        let mut seen = Vec::new();
        loop {
            let page = page(&map, token.as_deref(), size, gap, |_, n| Some(*n)).unwrap();
            lengths.push(page.items.len());
            seen.extend(page.items);
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..count).collect::<Vec<_>>());
        lengths
    }

    #[test]
    fn pages_are_full_but_for_the_last() {
        assert_eq!(pages(7, 3, false), [3, 3, 1]);
        assert_eq!(pages(6, 3, false), [3, 3]);
        assert_eq!(pages(0, 3, false), [0]);
    }

    #[test]
    fn an_empty_page_lies_between_the_first_and_the_second() {
        assert_eq!(pages(7, 3, true), [3, 0, 3, 1]);
        assert_eq!(pages(3, 3, true), [3]);
    }

    #[test]
    fn what_is_not_wanted_takes_no_room() {
        let map: BTreeMap<_, _> = (0..9).map(|n| (n.to_string(), n)).collect();
        let even = |_: &str, n: &i32| (n % 2 == 0).then_some(*n);
        let first = page(&map, None, 5, false, even).unwrap();
        assert_eq!(first.items, [0, 2, 4, 6, 8]);
        assert_eq!(first.next, None);
    }

    #[test]
    fn a_page_goes_on_where_the_last_ended_though_items_went() {
        let mut map: BTreeMap<_, _> = (0..4).map(|n| (n.to_string(), n)).collect();
        let first = page(&map, None, 2, false, |_, n| Some(*n)).unwrap();
        map.remove("1");
        let second = page(&map, first.next.as_deref(), 2, false, |_, n| Some(*n)).unwrap();
        assert_eq!(second.items, [2, 3]);
    }

    #[test]
    fn a_made_up_token_is_refused() {
        let map: BTreeMap<String, u8> = BTreeMap::new();
        for token in ["x", "after-zz", "after-é", "empty-0"] {
            assert_eq!(page(&map, Some(token), 2, false, |_, n| Some(*n)), None);
        }
    }
}
