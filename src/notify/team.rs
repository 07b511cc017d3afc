//! Which team answers for what.

use lineward_rules::AccountId;

use crate::config::Team;

/// The registered team that a tag names, or that an account belongs to.
pub(super) fn registered<'a>(
    account: &AccountId,
    tag: Option<&str>,
    teams: &'a [Team],
) -> Option<&'a Team> {
    let tagged = teams.iter().find(|team| Some(team.name.as_str()) == tag);
    tagged.or_else(|| teams.iter().find(|team| team.accounts.contains(account)))
}
