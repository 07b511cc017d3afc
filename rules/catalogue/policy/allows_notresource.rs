use crate::catalogue::policy::allows_notaction::{dangerous, few};
use crate::finding::Fault;
use crate::finding::Remediation;
use crate::iam::{Choice, Effect, Statement};
use crate::remedy::iam::forbid;
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::Stated;

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

fn check(stated: &Stated<'_>, cx: &Context<'_>) -> Option<Fault> {
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
fn fix(stated: &Stated<'_>, dangerous: &[&str]) -> Remediation {
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
