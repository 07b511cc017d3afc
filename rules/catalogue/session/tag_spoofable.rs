use std::collections::BTreeSet;

use crate::finding::{Fault, Remediation};
use crate::graph::stranger::{by_stranger, stranger};
use crate::graph::{Estate, SpoofableRole};
use crate::iam::{
    Choice, Context as Keys, Effect, Holder, Inventory, Known, Principal, Statement, Tags, Truth,
};
use crate::remedy::iam::{guard, mend};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::StatementSubject;
use crate::subject::trust::{named, target};

rule! {
    /// Whoever assumes a role may choose its team tag
    ///
    /// Flags roles whose trust policy lets the caller pass session tags (`sts:TagSession`) without
    /// holding the team's tag to its own value, where a policy compares `aws:PrincipalTag/<team tag>` that the session
    /// can meet: one of the role's own, on data or on roles to pass and assume, or the trust policy of another team's
    /// role that lets it in.
    ///
    /// ## Why it matters
    /// A session tag overrides the role's tag of the same key. Whoever may assume the role says of himself which
    /// team he is of, and every policy that compares the caller's team believes it.
    ///
    /// ## How to fix
    /// Leave `sts:TagSession` out; or ask for
    /// `"StringEquals": {"aws:RequestTag/<team tag>": "<team>"}`, or list in
    /// `"ForAllValues:StringEquals": {"aws:TagKeys": […]}` the keys that may be passed.
    ///
    /// Source: IAM User Guide, "Pass session tags in AWS STS".
    "session-tag-spoofable", Critical, Estate { check }
}

fn check(estate: &Estate<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let spoofable = estate.accounts.iter().flat_map(|it| &it.spoofable);
    let faults = spoofable.filter_map(|it| {
        if let Some(opens) = &it.opens {
            return Some(it.fault.clone().noting(&format!(", and {opens}")));
        }
        let from = estate.find(it.role.as_str())?;
        let (to, team) = estate.assumed_by_tag(from, it.teams.as_ref(), cx)?;
        let target = estate.node(to)?;
        let reached = format!(", and so assumes `{}` of team `{team}`", target.arn);
        let fault = it.fault.clone().noting(&reached);
        Some(fault.read_from(estate.roles_of(&[from, to])))
    });
    faults.collect()
}

/// The trust that lets the caller choose its team tag.
pub(crate) fn spoofable(inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<SpoofableRole> {
    let mut found = Vec::new();
    for holder in &inventory.roles {
        let Some(held) = &holder.trust else {
            continue;
        };
        let statements = held.document.statements.iter();
        let faults = statements.filter_map(|statement| {
            let stated = StatementSubject {
                inventory,
                holder,
                held,
                statement,
            };
            spoof(&stated, cx)
        });
        found.extend(faults.map(|(fault, teams)| SpoofableRole {
            role: holder.role.arn.clone(),
            opens: opens(holder, inventory, teams.as_ref(), cx),
            fault,
            teams,
        }));
    }
    found
}

/// What a chosen team tag opens to a role within its account: what its own policies compare with it, or another
/// team's execution role.
fn opens(
    holder: &Holder<'_>,
    inventory: &Inventory<'_>,
    teams: Option<&BTreeSet<String>>,
    cx: &Context<'_>,
) -> Option<String> {
    let key = format!("aws:PrincipalTag/{}", cx.policy.team_tag);
    let compared = holder.policies.iter().find_map(|held| {
        let statements = held.document.statements.iter();
        let mut allows = statements.filter(|it| it.effect == Effect::Allow);
        let comparing =
            allows.find(|it| is_about_data(it) && meets(it, &key, holder.team, teams, cx))?;
        Some(format!("{}, {} compares it", held.name, comparing.label()))
    });
    compared.or_else(|| {
        let targets = inventory
            .roles
            .iter()
            .filter(|it| it.is_execution && it.team != holder.team);
        let targets = targets.filter_map(|it| Some((it, it.team?)));
        let mut targets =
            targets.filter(|(_, team)| teams.is_none_or(|teams| teams.contains(*team)));
        targets.find_map(|(target, team)| {
            let (mut request, plain) = inventory.pass(holder, target, Tags::Honoured);
            let known = Known::One(team.to_owned().into());
            request.context.set(key.clone(), known);
            let is_agreed = holder.team.is_some()
                && !cx
                    .policy
                    .crosses(holder.team, target.team, &target.role.arn, cx.now);
            let opens = !is_agreed && !plain.access.may() && holder.may(&request).access.may();
            opens.then(|| format!("so passes `{}` of team `{team}`", target.role.arn))
        })
    })
}

/// Whether what a statement says of the caller's team may be met by a session of another team than the role's.
fn meets(
    statement: &Statement,
    key: &str,
    own: Option<&str>,
    teams: Option<&BTreeSet<String>>,
    cx: &Context<'_>,
) -> bool {
    let known = teams.unwrap_or(&cx.policy.teams).iter().map(String::as_str);
    let any = teams.is_none().then_some(PROBE);
    let mut others = known.chain(any).filter(|it| Some(*it) != own);
    let is_met = |team: &str| {
        let context = Keys::open().with(key.to_owned(), team.to_owned());
        let mut asked = statement.conditions.iter().filter(|it| it.is_on(key));
        asked.all(|it| it.holds(statement.version, &context).may())
    };
    statement.reads_key(key) && others.any(is_met)
}

/// Whether a statement is about more than roles and jobs, of which it can be seen what they come to.
fn is_about_data(statement: &Statement) -> bool {
    let decided = ["iam:", "sts:", "emr-serverless:"];
    let is_decided = |it: &String| {
        let it = it.to_ascii_lowercase();
        decided.iter().any(|service| it.starts_with(service))
    };
    match &statement.actions {
        Choice::Only(actions) => !actions.iter().all(is_decided),
        Choice::AllBut(_) => true,
    }
}

/// A team that doesn't exist: whoever may choose it may choose any.
const PROBE: &str = "lineward-probe";

/// The teams that a caller whom the statement names may choose of; nothing where it may choose any.
fn choice(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Option<BTreeSet<String>> {
    if passes(stated, PROBE, cx) {
        return None;
    }
    let of_roles = stated.inventory.roles.iter().filter_map(|it| it.team);
    let known = cx.policy.teams.iter().map(String::as_str).chain(of_roles);
    let passed = known.filter(|team| passes(stated, team, cx));
    Some(passed.map(str::to_owned).collect())
}

/// Whether a caller that the statement names may pass a team as the session's.
fn passes(stated: &StatementSubject<'_>, team: &str, cx: &Context<'_>) -> bool {
    let tag = &cx.policy.team_tag;
    let caller = stranger(target(stated), stated.inventory.account.id.as_str());
    let mut request = by_stranger(stated.statement, target(stated), &caller, cx.organization);
    request.action = "sts:TagSession";
    // Whose tags the caller has is for its own team to say.
    request.context = request
        .context
        .unknown("aws:PrincipalTag/")
        .unknown("aws:PrincipalArn")
        .unknown("aws:PrincipalAccount")
        .unknown("sts:TransitiveTagKeys")
        .with(format!("aws:RequestTag/{tag}"), team)
        .with("aws:TagKeys", tag.as_str());
    let mut trust = stated.held.document.statements.iter();
    let is_denied = trust.any(|it| {
        let is_of_all = it.named().contains(&Principal::Anyone);
        is_of_all && it.effect == Effect::Deny && it.matches(&request) == Truth::True
    });
    !is_denied && stated.statement.matches(&request).may()
}

/// Whether a caller that the statement names may pass another team than the role's, and which.
fn spoof(
    stated: &StatementSubject<'_>,
    cx: &Context<'_>,
) -> Option<(Fault, Option<BTreeSet<String>>)> {
    let (holder, statement) = (stated.holder, stated.statement);
    let allows = statement.effect == Effect::Allow && statement.is_about("sts:TagSession");
    let names = named(stated).iter().find_map(Principal::aws);
    let who = names.filter(|_| allows)?;
    let tag = &cx.policy.team_tag;
    let teams = choice(stated, cx);
    // Of a role without a team, one alone is no choice.
    let is_choice = |teams: &BTreeSet<String>| match holder.team {
        Some(own) => teams.iter().any(|it| it != own),
        None => teams.len() > 1,
    };
    if !teams.as_ref().is_none_or(is_choice) {
        return None;
    }
    let request = format!("aws:RequestTag/{tag}");
    // Of no team, it is for its owner to say which tags may be passed.
    let keys = holder.team.map_or_else(Remediation::default, |own| {
        mend(
            stated.held.name,
            holder.role,
            statement.index,
            |list, at| {
                guard(list, at, &[("StringEqualsIfExists", &request, own)]);
            },
        )
    });
    let evidence = format!("`{who}` may pass a session tag `{tag}` of its own choice");
    Some((stated.fault(&evidence).mended_by(keys), teams))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::Role;
    use crate::subject::bench::{Bench, admit, allow, arn, role, role_in};

    /// A role whose trust lets another account's role pass session tags, under conditions.
    fn tagging(conditions: &str) -> Role {
        role("ads", "ads").trusting(&format!(
            r#"{{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],
                "Principal":{{"AWS":"arn:aws:iam::222233334444:role/ci"}},
                "Condition":{{{conditions}}}}}"#
        ))
    }

    /// The same, whose own policy compares the team of its session.
    fn relying(conditions: &str) -> Role {
        let guard = "StringEquals aws:ResourceTag/Team ${aws:PrincipalTag/Team}";
        tagging(conditions).may(&allow("s3:GetObject", "*", guard))
    }

    #[test]
    fn a_tag_of_the_callers_choice_is_flagged_and_held_to_its_team() {
        let bench = Bench::of([relying("")]);
        assert_eq!(
            bench.evidence(&RULE),
            "trust policy of `ads`, statement 1: `arn:aws:iam::222233334444:role/ci` may pass a session \
             tag `Team` of its own choice, and inline policy `p` of `ads`, statement 1 compares it"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn a_role_that_lets_the_chosen_team_in_is_told() {
        let caller = tagging("").may(&allow("sts:AssumeRole", "*", ""));
        let trust = |conditions: &str| admit(&format!("AWS {}", arn("ads")), conditions);
        let data = |conditions: &str| {
            role_in("333344445555", "data", "billing").trusting(&trust(conditions))
        };
        let compared = data("StringEquals aws:PrincipalTag/Team billing");
        let told = Bench::of([caller.clone(), compared]).evidence(&RULE);
        let end = ", and so assumes `arn:aws:iam::333344445555:role/data` of team `billing`";
        assert!(told.ends_with(end), "{told}");
        // What is open whatever the tag is the matter of another rule.
        assert_eq!(Bench::of([caller, data("")]).faults(&RULE), []);
    }

    #[test]
    fn where_no_policy_relies_on_the_callers_team_nothing_is_lost() {
        assert_eq!(Bench::of([tagging("")]).faults(&RULE), []);
        let reading = tagging("").may(&allow("s3:GetObject", "*", ""));
        assert_eq!(Bench::of([reading]).faults(&RULE), []);
    }

    #[test]
    fn a_tag_held_to_its_own_value_or_left_out_of_the_keys_passes() {
        for conditions in [
            r#""StringEquals":{"aws:RequestTag/Team":"ads"}"#,
            r#""ForAllValues:StringEquals":{"aws:TagKeys":["Job"]}"#,
        ] {
            let bench = Bench::of([relying(conditions)]);
            assert_eq!(bench.faults(&RULE), [], "{conditions}");
        }
        let listed = r#""ForAllValues:StringEquals":{"aws:TagKeys":["Job","Team"]}"#;
        let bench = Bench::of([relying(listed)]);
        assert_eq!(bench.faults(&RULE).len(), 1);
    }

    #[test]
    fn a_choice_among_named_teams_opens_what_is_theirs() {
        let either = r#""StringEquals":{"aws:RequestTag/Team":["ads","billing"]}"#;
        let caller = tagging(either).may(&allow("sts:AssumeRole", "*", ""));
        let trusting = |team: &str| {
            let compared = format!("StringEquals aws:PrincipalTag/Team {team}");
            let trust = admit(&format!("AWS {}", arn("ads")), &compared);
            role_in("333344445555", "data", team).trusting(&trust)
        };
        let known = |bench: Bench| {
            bench.under(|policy| {
                policy.teams = ["ads", "billing", "growth"].map(str::to_owned).into();
            })
        };
        let bench = known(Bench::of([caller.clone(), trusting("billing")]));
        let told = bench.evidence(&RULE);
        assert!(told.ends_with("role/data` of team `billing`"), "{told}");
        bench.mended(&RULE);
        // What another team alone comes to can't be chosen.
        let bench = known(Bench::of([caller, trusting("growth")]));
        assert_eq!(bench.faults(&RULE), []);
    }

    #[test]
    fn of_an_untagged_role_its_owner_must_say_what_may_be_passed() {
        let mut untagged = relying("");
        untagged.tags.clear();
        let fault = Bench::of([untagged]).fault(&RULE);
        assert_eq!(fault.remedy.written().aws_cli, "");
    }
}
