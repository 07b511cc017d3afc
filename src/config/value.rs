//! Values that TOML has no type for.

use jiff::{SignedDuration, Span, SpanRelativeTo};
use lineward_rules::{AccountId, Region};
use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};

/// What is said of a text that is empty.
pub(super) const BLANK: &str = "must say something";

/// Reads a duration as people write it: `15m`, `24h`, `7d`, a day being 24 hours.
pub fn duration_of(text: &str) -> Result<SignedDuration, String> {
    let span: Result<Span, _> = text.parse();
    let duration = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    duration
        .ok()
        .filter(|duration| !duration.is_negative())
        .ok_or_else(|| format!("`{text}` is not a duration, expected such as `15m`, `24h` or `7d`"))
}

pub(super) fn duration<'de, D: Deserializer<'de>>(input: D) -> Result<SignedDuration, D::Error> {
    duration_of(&String::deserialize(input)?).map_err(D::Error::custom)
}

pub(super) fn at_least_one<'de, D: Deserializer<'de>>(input: D) -> Result<usize, D::Error> {
    match usize::deserialize(input)? {
        0 => Err(D::Error::custom("must be at least 1")),
        number => Ok(number),
    }
}

pub(super) fn accounts<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<AccountId>, D::Error> {
    all(input, account_of)
}

pub(super) fn regions<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Region>, D::Error> {
    all(input, region_of)
}

/// Reads an account's id.
pub fn account_of(text: &str) -> Result<AccountId, String> {
    if AccountId::is_valid(text) {
        return Ok(AccountId::from(text));
    }
    Err(format!(
        "`{text}` is not an account id, expected twelve digits in quotes"
    ))
}

/// Reads a Region's code.
pub fn region_of(text: &str) -> Result<Region, String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.contains('-') && text.bytes().all(plain) {
        return Ok(Region::from(text));
    }
    Err(format!(
        "`{text}` is no Region, expected such as `eu-west-1`"
    ))
}

pub(super) fn some_time<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<SignedDuration>, D::Error> {
    time_limit(input).map(Some)
}

/// Reads a URL of HTTP. What is secret has no place in one.
pub(super) fn url<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let text = String::deserialize(input)?;
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    if text.contains('@') {
        return Err(D::Error::custom("a URL may hold no user and no password"));
    }
    if host.is_some_and(|it| !it.is_empty() && !it.contains(' ')) {
        return Ok(text);
    }
    Err(D::Error::custom(format!(
        "`{text}` is no URL, expected `https://…`"
    )))
}

/// Reads the URL of an endpoint that is told secrets: only this machine itself hears them without encryption.
pub(super) fn endpoint<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let text = url(input)?;
    let wrong = |message: &str| Err(D::Error::custom(format!("`{text}` {message}")));
    let Ok(url) = reqwest::Url::parse(&text) else {
        return wrong("is not a URL, expected `https://…`");
    };
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("has more than a host and a path, expected `https://…`");
    }
    if url.scheme() != "https" && !is_loopback(url.host_str().unwrap_or_default()) {
        return wrong("would carry routing keys without encryption, expected `https://…`");
    }
    Ok(text)
}

/// Whether a host, as a URL has it, is this machine itself.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

pub(super) fn some_url<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    url(input).map(Some)
}

/// Reads a duration within which something must be over, such as `10m`.
pub fn time_limit_of(text: &str) -> Result<SignedDuration, String> {
    match duration_of(text)? {
        none if none.is_zero() => Err("must be longer than nothing".into()),
        limit => Ok(limit),
    }
}

pub(super) fn time_limit<'de, D: Deserializer<'de>>(input: D) -> Result<SignedDuration, D::Error> {
    time_limit_of(&String::deserialize(input)?).map_err(D::Error::custom)
}

/// Reads the ARN of a role.
pub(super) fn role_arn<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let arn = String::deserialize(input)?;
    let fields: Vec<_> = arn.splitn(6, ':').collect();
    match fields.as_slice() {
        ["arn", _, "iam", "", account, name]
            if account_of(account).is_ok()
                && name.strip_prefix("role/").is_some_and(is_role_name) =>
        {
            Ok(Some(arn))
        }
        _ => Err(D::Error::custom(format!(
            "malformed ARN `{arn}`, expected `arn:aws:iam::111122223333:role/name`"
        ))),
    }
}

/// Reads the name of a role, with its path if it has one.
pub(super) fn role_name<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(input)?;
    if !is_role_name(&name) {
        return Err(D::Error::custom(format!(
            "`{name}` is not a role name, expected such as `lineward-member`, not an ARN"
        )));
    }
    Ok(Some(name))
}

/// Whether IAM has roles of this name, which a path may stand before.
fn is_role_name(name: &str) -> bool {
    let is_part = |part: &str| {
        !matches!(part, "" | "." | "..") && part.chars().all(|letter| is_word(letter, "+=,.@-"))
    };
    let last = name.rsplit('/').next().unwrap_or_default();
    name.split('/').all(is_part) && name.len() <= 512 && last.len() <= 64
}

/// Reads an external id, which is a secret: no error quotes it.
pub(super) fn external_id<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let id = String::deserialize(input)?;
    let is_plain = id.chars().all(|letter| is_word(letter, "+=,.@:/-"));
    if is_plain && (2..=1224).contains(&id.len()) {
        return Ok(Some(id));
    }
    Err(D::Error::custom(
        "is not an external id, expected 2 to 1224 letters, digits or any of `_+=,.@:/-`",
    ))
}

/// Reads the key of a tag.
pub(super) fn tag_key<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let key = String::deserialize(input)?;
    if key.trim().is_empty() {
        return Err(D::Error::custom(BLANK));
    }
    if key.chars().count() > 128 || key.chars().any(char::is_control) {
        return Err(D::Error::custom(
            "is not a tag key, expected at most 128 characters",
        ));
    }
    Ok(Some(key))
}

/// Whether a letter is one of a word, or one of those that may stand there as well.
fn is_word(letter: char, others: &str) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || others.contains(letter)
}

/// Whether what stands below this key may be a routing key, which is looked at when it is needed.
pub(super) fn is_routing_key(key: &str) -> bool {
    key == "routing_key"
}

fn all<'de, D: Deserializer<'de>, T>(
    input: D,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, D::Error> {
    let texts = Vec::<String>::deserialize(input)?;
    texts
        .iter()
        .map(|text| read(text).map_err(D::Error::custom))
        .collect()
}
/// An account.
pub(super) fn account<'de, D: Deserializer<'de>>(input: D) -> Result<AccountId, D::Error> {
    account_of(&String::deserialize(input)?).map_err(D::Error::custom)
}

/// A text that says something.
pub(super) fn text<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let text = String::deserialize(input)?;
    if text.trim().is_empty() {
        return Err(D::Error::custom("must say something"));
    }
    Ok(text)
}
