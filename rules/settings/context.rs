//! What a check may know besides the resource.

use jiff::Timestamp;

use super::Policy;

/// What a check may know besides the resource.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// When the estate was read: the only clock that rules have.
    pub now: Timestamp,
    /// What is allowed.
    pub policy: &'a Policy,
    /// The id of the organization (`o-…`), where it is known.
    pub organization: Option<&'a str>,
}

impl Context<'static> {
    /// The default policy at the epoch, with the teams `ads` and `billing`, for tests.
    #[cfg(test)]
    pub(crate) fn example() -> Self {
        static POLICY: std::sync::LazyLock<Policy> = std::sync::LazyLock::new(|| {
            let mut policy = Policy::default();
            policy
                .teams
                .extend(["ads".to_owned(), "billing".to_owned()]);
            policy
        });
        Self {
            now: Timestamp::UNIX_EPOCH,
            policy: &POLICY,
            organization: None,
        }
    }
}
