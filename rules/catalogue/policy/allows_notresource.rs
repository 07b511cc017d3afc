use crate::catalogue::policy::allows_notaction::{dangerous, few};
use crate::finding::Fault;
use crate::finding::Remediation;
use crate::iam::{Choice, Effect, Statement};
use crate::remedy::iam::forbid;
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::StatementSubject;

rule! {
    /// A policy allows a way into other teams on all resources but some
    ///
    /// Flags allowing statements with `NotResource` on passing a role, on assuming one, or on changing tags,
    /// policies or trust. It yields to the rule that names the effect, where there is one.
    ///
    /// ## Why it matters
    /// The list says what is left out. All other roles of all accounts are in, also those that are made
    /// later: often it is everybody's roles but one's own.
    ///
    /// ## How to fix
    /// Name the roles that are meant. Where nothing is known of them, the change below takes the
    /// actions away.
    ///
    /// Source: IAM User Guide, "IAM JSON policy elements: `NotResource`"; IAM Access Analyzer calls it
    /// `PASS_ROLE_WITH_NOT_RESOURCE`.
    "policy-allows-notresource", High, Statement { check }, tells: Form
}

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Option<Fault> {
    stated.bounded_team(cx.policy)?;
    let statement = stated.statement;
    if statement.effect == Effect::Deny || !matches!(&statement.resources, Some(Choice::AllBut(_)))
    {
        return None;
    }
    let dangerous: Vec<_> = dangerous(stated).collect();
    if dangerous.is_empty() {
        return None;
    }
    let but = statement.resources.iter().flat_map(Choice::patterns);
    let but: Vec<_> = but.map(|it| format!("`{it}`")).collect();
    let fault = stated.fault(&format!(
        "allows {} on everything but {}",
        few(&dangerous),
        but.join(", ")
    ));
    Some(fault.mended_by(fix(stated, &dangerous)))
}

/// The roles of the own team that are covered, for the actions that roles are asked of.
fn fix(stated: &StatementSubject<'_>, dangerous: &[&str]) -> Remediation {
    let statement = stated.statement;
    let known = stated.known();
    let roles = stated.inventory.roles.iter();
    let own = roles
        .filter(|it| it.team == stated.holder.team)
        .map(|it| &it.role.arn);
    let own = own.filter(|arn| statement.covers(arn.as_str(), &known).may());
    let own: Vec<_> = own.map(ToString::to_string).collect();
    let of_roles = ["iam:PassRole", "sts:AssumeRole"];
    let only_roles = match &statement.actions {
        Choice::Only(names) => names
            .iter()
            .all(|name| of_roles.iter().any(|it| name.eq_ignore_ascii_case(it))),
        Choice::AllBut(_) => false,
    };
    if only_roles && !own.is_empty() {
        return stated.restated(&Statement {
            resources: Some(Choice::Only(own)),
            ..statement.clone()
        });
    }
    stated.mended(|list, at| forbid(list, at, statement, dangerous))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::Role;
    use crate::subject::bench::{Bench, allow, arn, role};

    fn having(effect: &str, action: &str) -> Role {
        let but = arn("billing");
        role("ads", "ads").may(&format!(
            r#"{{"Effect":"{effect}","Action":"{action}","NotResource":"{but}"}}"#
        ))
    }

    #[test]
    fn a_way_into_all_roles_but_one_is_flagged_and_held_to_its_own() {
        let bench = Bench::of([having("Allow", "iam:PassRole")]);
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: allows iam:PassRole on everything but \
             `arn:aws:iam::111122223333:role/billing`"
        );
        let own = bench.fault(&RULE).remedy.written().aws_cli;
        assert!(own.contains(&arn("ads")), "{own}");
        bench.mended(&RULE);
    }

    #[test]
    fn of_an_action_that_is_not_asked_of_its_own_roles_the_action_goes() {
        let bench = Bench::of([having("Allow", "iam:UpdateAssumeRolePolicy")]);
        let fix = bench.fault(&RULE).remedy.written().aws_cli;
        assert!(fix.contains("delete-role-policy"), "{fix}");
        bench.mended(&RULE);
    }

    #[test]
    fn a_denial_another_action_and_a_named_resource_pass() {
        for judged in [
            having("Deny", "iam:PassRole"),
            having("Allow", "s3:GetObject"),
            role("ads", "ads").may(&allow("iam:PassRole", "*", "")),
        ] {
            assert_eq!(Bench::of([judged]).faults(&RULE), []);
        }
    }

    #[test]
    fn an_untagged_role_is_not_judged() {
        let mut untagged = having("Allow", "iam:PassRole");
        untagged.tags.clear();
        assert_eq!(Bench::of([untagged]).faults(&RULE), []);
    }
}
