use serde_json::json;

use crate::estate::Arn;
use crate::finding::Fault;
use crate::finding::{Remediation, Severity};
use crate::iam::{
    Choice, Effect, Pattern, PolicyName, Statement, Truth, Version, replace_variables,
};
use crate::remedy::restate;
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::{StatementSubject, TeamKey};

rule! {
    /// A pattern of role names ends a team's name in a wildcard
    ///
    /// Flags statements of identity policies that allow `iam:PassRole` or `sts:AssumeRole` on a pattern such
    /// as `role/ads-*`, in which a wildcard follows the role's own team, and that covers roles of other
    /// teams by its ARN. It is of low severity where it covers none today, but another registered team's
    /// name goes on where the pattern stops (`ads-fraud`), and where a condition that holds on
    /// `sts:AssumeRole` keeps the other team out. In `role/emr/ads/*` the path ends the name.
    ///
    /// ## Why it matters
    /// `role/ads-*` is also `role/ads-fraud-execution`. The wildcard takes in whatever team is called so
    /// next.
    ///
    /// ## How to fix
    /// Put a team's roles below a path, `role/emr/<team>/*`. Until then, name the team's own roles one
    /// by one.
    ///
    /// Source: IAM User Guide, "IAM JSON policy elements: Resource".
    "policy-arn-prefix-collision", High, Statement { check },
    yields_to: [
        passrole::reaches_other_team,
        assume::reaches_other_team,
        assume::latent_other_team,
    ],
}

/// What parts the words of a role's name.
const SEPARATORS: [char; 7] = ['-', '_', '.', '+', '=', ',', '@'];

/// Which roles of other teams a pattern takes in.
#[derive(Debug)]
enum Collision<'a> {
    /// These exist.
    Roles(Vec<(&'a Arn, &'a str)>),
    /// Roles of these teams, once there are any.
    Latent(Vec<&'a str>),
}

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Option<Fault> {
    let own = stated.bounded_team(cx.policy)?;
    let statement = stated.statement;
    if statement.effect == Effect::Deny || stated.is_trust() {
        return None;
    }
    let Some(Choice::Only(patterns)) = &statement.resources else {
        return None;
    };
    let passes = statement.is_about("iam:PassRole");
    if !passes && !statement.is_about("sts:AssumeRole") {
        return None;
    }
    let of = |text: &str| {
        let open = OpenEnd::of(text, statement.version, own, &cx.policy.team_tag)?;
        collision(stated, &open, text, cx).map(|it| (open, it))
    };
    let colliding = patterns.iter().filter_map(|it| Some((it, of(it)?)));
    let mut colliding: Vec<_> = colliding.collect();
    // Those that cover a role today come first.
    colliding.sort_by_key(|(_, (_, it))| matches!(it, Collision::Latent(_)));
    let (text, (_, first)) = colliding.first()?;
    let mut is_low = matches!(first, Collision::Latent(_));
    let covers = match first {
        Collision::Roles(roles) => {
            let admits = |(_, team): &(&Arn, &str)| !keeps_out(stated, team, cx);
            is_low = !passes && !roles.iter().any(admits);
            let guarded = if is_low {
                ", which its condition on tags alone keeps out"
            } else {
                ""
            };
            format!("covers {}{guarded}", listed(roles))
        }
        Collision::Latent(teams) => {
            let teams: Vec<_> = teams.iter().map(|it| format!("`{it}`")).collect();
            format!(
                "will cover roles of {} once there are any (latent)",
                teams.join(", ")
            )
        }
    };
    let fault = stated.fault(&format!(
        "`{text}` ends the name of `{own}` in a wildcard and {covers}"
    ));
    let fault = fault.mended_by(fix(stated, &colliding));
    Some(if is_low {
        fault.of_severity(Severity::Low)
    } else {
        fault
    })
}

fn listed(roles: &[(&Arn, &str)]) -> String {
    let named = roles.iter().take(3);
    let named: Vec<_> = named
        .map(|(arn, team)| format!("`{arn}` of `{team}`"))
        .collect();
    let more = roles.len().saturating_sub(3);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    named.join(", ") + &more
}

/// Whether a condition that `sts:AssumeRole` honours keeps a team out.
fn keeps_out(stated: &StatementSubject<'_>, team: &str, cx: &Context<'_>) -> bool {
    !stated.admits(TeamKey::Resource, team, cx.policy)
}

/// A pattern that goes on with a wildcard where the team's name ends.
#[derive(Debug, PartialEq, Eq)]
struct OpenEnd {
    /// What stands before the team's name.
    before: String,
    /// What stands between it and the wildcard.
    separator: String,
}

impl OpenEnd {
    fn of(text: &str, version: Version, team: &str, tag: &str) -> Option<Self> {
        let text = if version == Version::V2012 {
            let own = format!("aws:PrincipalTag/{tag}");
            replace_variables(text, |key| {
                key.eq_ignore_ascii_case(&own).then(|| team.to_owned())
            })
        } else {
            text.to_owned()
        };
        let name = text.splitn(6, ':').nth(5)?.strip_prefix("role/")?;
        let mut at = text.len() - name.len();
        for segment in name.split('/') {
            if let Some((stem, _)) = segment.split_once(['*', '?']) {
                let bare = stem.strip_suffix(SEPARATORS).unwrap_or(stem);
                if let Some(head) = bare.strip_suffix(team)
                    && (head.is_empty() || head.ends_with(SEPARATORS))
                {
                    return Some(Self {
                        before: text.get(..at + head.len())?.to_owned(),
                        separator: stem.get(bare.len()..)?.to_owned(),
                    });
                }
            }
            at += segment.len() + 1;
        }
        None
    }
}

fn collision<'a>(
    stated: &StatementSubject<'a>,
    open: &OpenEnd,
    text: &str,
    cx: &Context<'a>,
) -> Option<Collision<'a>> {
    let (own, version) = (stated.holder.team, stated.statement.version);
    let pattern = Pattern::wild(text, version);
    let known = stated.known();
    let inventory = stated.inventory;
    let roles = inventory.roles.iter().filter_map(|it| {
        let arn = &it.role.arn;
        let covered = cx.policy.crosses(own, it.team, arn, cx.now)
            && pattern.matches_resource(arn.as_str(), &known) == Truth::True;
        covered.then_some((arn, it.team?))
    });
    let roles: Vec<_> = roles.collect();
    if !roles.is_empty() {
        return Some(Collision::Roles(roles));
    }
    let start = format!("{}{}", own?, open.separator);
    let arn = Arn::from(text);
    let teams = cx.policy.teams.iter().map(String::as_str);
    let teams =
        teams.filter(|it| it.starts_with(&start) && cx.policy.crosses(own, Some(it), &arn, cx.now));
    let teams: Vec<_> = teams.collect();
    (!teams.is_empty()).then_some(Collision::Latent(teams))
}

type Colliding<'a> = (&'a String, (OpenEnd, Collision<'a>));

/// The roles of the own team by name; where none is known, a denial of the others.
fn fix(stated: &StatementSubject<'_>, colliding: &[Colliding<'_>]) -> Remediation {
    let statement = stated.statement;
    let is_shared =
        |text: &String| text.contains("${") && matches!(stated.held.name, PolicyName::Managed(_));
    if colliding.iter().any(|(text, _)| is_shared(text)) {
        // What is one role's own is another's elsewhere: only a path tells.
        return Remediation::default();
    }
    let known = stated.known();
    let mut own = Vec::new();
    let mut denied = Vec::new();
    let mut replaced = Vec::new();
    for (text, (open, collision)) in colliding {
        let pattern = Pattern::wild(text, statement.version);
        let roles = stated.inventory.roles.iter().filter(|it| {
            it.team == stated.holder.team
                && pattern.matches_resource(it.role.arn.as_str(), &known) == Truth::True
        });
        let before = own.len();
        own.extend(roles.map(|it| it.role.arn.to_string()));
        if own.len() > before {
            replaced.push(*text);
            continue;
        }
        match collision {
            Collision::Roles(roles) => denied.extend(roles.iter().map(|it| it.0.to_string())),
            Collision::Latent(teams) => {
                let other = |team: &&str| format!("{}{team}*", open.before);
                denied.extend(teams.iter().map(other));
            }
        }
    }
    let patterns = statement.resources.iter().flat_map(Choice::patterns);
    let kept = patterns.filter(|it| !replaced.contains(it)).cloned();
    let resources = kept.chain(own).collect();
    let mended = Statement {
        resources: Some(Choice::Only(resources)),
        ..statement.clone()
    };
    let actions = ["iam:PassRole", "sts:AssumeRole"];
    let actions: Vec<_> = actions
        .into_iter()
        .filter(|it| statement.is_about(it))
        .collect();
    stated.mended(|list, at| {
        restate(list, at, statement, &mended);
        if !denied.is_empty() {
            list.push(json!({
                "Effect": "Deny", "Action": actions, "Resource": denied,
            }));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(name: &str) -> Option<(String, String)> {
        let text = format!("arn:aws:iam::1:role/{name}");
        let open = OpenEnd::of(&text, Version::V2012, "red", "Team")?;
        let before = open.before.strip_prefix("arn:aws:iam::1:role/").unwrap();
        Some((before.to_owned(), open.separator))
    }

    #[test]
    fn a_name_is_open_where_a_wildcard_follows_it() {
        let found = |before: &str, separator: &str| Some((before.into(), separator.into()));
        assert_eq!(open("red*"), found("", ""));
        assert_eq!(open("red-*"), found("", "-"));
        assert_eq!(open("emr/red*/exec"), found("emr/", ""));
        assert_eq!(open("emr-red_?"), found("emr-", "_"));
        assert_eq!(open("${aws:PrincipalTag/team}*"), found("", ""));
        assert_eq!(
            open("${aws:PrincipalAccount}-red-*"),
            found("${aws:PrincipalAccount}-", "-")
        );
    }

    #[test]
    fn a_name_is_closed_by_a_path_or_by_being_part_of_another() {
        for name in [
            "emr/red/*",
            "red",
            "infrared*",
            "red-data-*",
            "*",
            "*red",
            "${aws:PrincipalTag/Owner}*",
        ] {
            assert_eq!(open(name), None, "{name}");
        }
        let before = OpenEnd::of(
            "arn:aws:iam::1:role/${aws:PrincipalTag/Team}*",
            Version::V2008,
            "red",
            "Team",
        );
        assert_eq!(before, None);
    }
}
