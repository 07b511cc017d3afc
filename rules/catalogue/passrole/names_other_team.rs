use crate::finding::Fault;
use crate::iam::{EMR_SERVERLESS, Holder, Inventory, Statement, Tags};
use crate::settings::Context;
use crate::subject::passrole::{allowing, fault, is_on_tag_of_role};
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;

rule! {
    /// A guard of `iam:PassRole` names another team, and not its own
    ///
    /// Flags statements that allow a team's role `iam:PassRole` on no role of its own, since the ARN or the
    /// team that they name is another's.
    ///
    /// ## Why it matters
    /// It is a copy of another team's policy that was not adapted. It doesn't do what it is for, and the day
    /// its other half is corrected it may let the team into the other's roles.
    ///
    /// ## How to fix
    /// Name the team's own roles.
    "passrole-names-other-team", High, Role { check },
    yields_to: [passrole::reaches_other_team, passrole::bounded_by_tag_only],
}

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    let faults = allowing(holder, cx.policy).filter_map(|by| {
        let mut own = inventory.roles.iter().filter(|it| it.team == holder.team);
        let reaches_own = own.any(|target| {
            let request = inventory.pass_to(holder, target, EMR_SERVERLESS, Tags::Honoured);
            by.statement.matches(&request).may()
        });
        if reaches_own {
            return None;
        }
        let tagged = tagged(by.statement, holder, cx);
        let team = tagged.or_else(|| owner(by.statement, holder, inventory, cx))?;
        let evidence = format!("it is for team `{team}`, and reaches no role of the team's own");
        Some(fault(holder, inventory, &by, &evidence))
    });
    faults.collect()
}

/// Another team that a condition on the role's tag names.
fn tagged<'a>(statement: &'a Statement, holder: &Holder<'_>, cx: &Context<'_>) -> Option<&'a str> {
    let conditions = statement.conditions.iter();
    let mut named = conditions
        .filter(|it| is_on_tag_of_role(it, cx.policy))
        .flat_map(|it| &it.values);
    let arn = &holder.role.arn;
    let team = named.find(|team| {
        let known = cx.policy.teams.contains(*team);
        known && cx.policy.crosses(holder.team, Some(team), arn, cx.now)
    });
    team.map(String::as_str)
}

/// The team of a role that the statement's ARNs cover.
fn owner<'a>(
    statement: &Statement,
    holder: &Holder<'_>,
    inventory: &'a Inventory<'_>,
    cx: &Context<'_>,
) -> Option<&'a str> {
    let mut targets = inventory.roles.iter();
    let target = targets.find(|target| {
        let arn = &target.role.arn;
        let request = inventory.pass_to(holder, target, EMR_SERVERLESS, Tags::Honoured);
        cx.policy.crosses(holder.team, target.team, arn, cx.now)
            && statement.covers(arn.as_str(), &request.context).may()
    });
    target?.team
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, allow, arn, role};

    fn passing(resource: &str, conditions: &str) -> Bench {
        let statement = allow("iam:PassRole", resource, conditions);
        Bench::of([
            role("ads", "ads").may(&statement),
            role("billing", "billing"),
        ])
    }

    #[test]
    fn another_teams_role_alone_is_flagged() {
        let bench = passing(&arn("billing"), "");
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: it is for team `billing`, and reaches no role of \
             the team's own"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn another_team_in_the_condition_alone_is_flagged() {
        let told = passing(&arn("ads"), "StringEquals iam:ResourceTag/Team billing");
        assert!(told.evidence(&RULE).contains("it is for team `billing`"));
    }

    #[test]
    fn what_reaches_its_own_role_too_or_nobodys_passes() {
        let both = format!("{} {}", arn("ads"), arn("billing"));
        assert_eq!(passing(&both, "").faults(&RULE), []);
        assert_eq!(passing(&arn("to-be"), "").faults(&RULE), []);
        let unknown = "StringEquals iam:ResourceTag/Team nobody";
        assert_eq!(passing(&arn("ads"), unknown).faults(&RULE), []);
    }

    #[test]
    fn an_agreed_role_passes() {
        let bench = passing(&arn("billing"), "").agreed("ads", "billing");
        assert_eq!(bench.faults(&RULE), []);
    }
}
