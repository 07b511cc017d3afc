use std::collections::{BTreeMap, BTreeSet};

use crate::estate::AccountId;
use crate::finding::Fault;
use crate::iam::{Choice, Statement};
use crate::remedy::iam::{guard_action, mend};
use crate::settings::Context;
use crate::subject::evidence::{by_statement, witness};
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;

rule! {
    /// A role may assume whatever trusts it, in any team
    ///
    /// Flags roles of a team whose policies allow `sts:AssumeRole` on roles at large (`*`, `role/*`), so that
    /// a role of a team that doesn't exist yet would be covered, too. Denials and the permissions boundary
    /// count. Roles of `[teams] shared` are trusted to reach all.
    ///
    /// ## Why it matters
    /// One edit of another team's trust policy, by mistake or on purpose, opens that team's data.
    ///
    /// ## How to fix
    /// Name the team's own roles in `Resource`, or compare the tag of the role with the team's:
    /// `"StringEquals": {"iam:ResourceTag/Team": "${aws:PrincipalTag/Team}"}`.
    ///
    /// Source: IAM User Guide, "IAM: Assume roles that have a specific tag".
    "assume-unbounded", High, Role { check }, tells: Effect, yields_to: [assume::reaches_other_team]
}

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    let is_bounded = holder.team.is_some() && !cx.policy.is_shared(holder.team);
    if !is_bounded || !holder.speaks_of("sts:AssumeRole") {
        return Vec::new();
    }
    let nobody = BTreeMap::from([(cx.policy.team_tag.clone(), "lineward-probe".to_owned())]);
    let statements = holder
        .policies
        .iter()
        .flat_map(|it| &it.document.statements);
    let mut accounts: BTreeSet<&str> = statements.flat_map(accounts_of).collect();
    accounts.extend([inventory.account.id.as_str(), "000000000000"]);
    let partition = inventory.account.arn.partition();
    let probes = accounts
        .into_iter()
        .map(|account| format!("arn:{partition}:iam::{account}:role/lineward-probe"));
    let probes: Vec<_> = probes.collect();
    let requests: Vec<_> = probes
        .iter()
        .map(|probe| inventory.request(holder, "sts:AssumeRole", probe, &nobody))
        .collect();
    let blamed = requests.iter().filter_map(|request| {
        let granted = holder.may(request);
        let by = granted.by.filter(|_| granted.access.may())?;
        let told = witness(holder, request, granted.access, Some(&by));
        Some((by, format!("{told}, which stands for any role of any team")))
    });
    // Of one statement, one probe is as good as another.
    let mut told: Vec<&Statement> = Vec::new();
    let blamed = blamed.filter(|(by, _)| {
        let fresh = !told.contains(&by.statement);
        told.push(by.statement);
        fresh
    });
    let blamed = blamed.collect();
    let tag = format!("iam:ResourceTag/{}", cx.policy.team_tag);
    let own = format!("${{aws:PrincipalTag/{}}}", cx.policy.team_tag);
    by_statement(holder, blamed, |by| {
        mend(by.policy, holder.role, by.statement.index, |list, at| {
            guard_action(list, at, by.statement, "sts:AssumeRole", (&tag, &own));
        })
    })
}

/// The accounts whose roles a statement may name.
fn accounts_of(statement: &Statement) -> impl Iterator<Item = &str> {
    let patterns = statement.resources.iter().flat_map(Choice::patterns);
    let accounts = patterns.filter_map(|it| it.split(':').nth(4));
    accounts.filter(|it| AccountId::is_valid(it))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, allow, deny, managed, role};

    fn with(statements: &str) -> Bench {
        Bench::of([role("ads", "ads").may(statements)])
    }

    #[test]
    fn one_statement_on_all_roles_is_one_fault() {
        let bench = with(&allow("sts:AssumeRole", "*", ""));
        assert_eq!(
            bench.evidence(&RULE),
            "inline policy `p` of `ads`, statement 1: `arn:aws:iam::111122223333:role/ads` may \
             sts:AssumeRole `arn:aws:iam::000000000000:role/lineward-probe` (proven), which stands for \
             any role of any team"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn all_roles_of_one_other_account_are_flagged() {
        let bench = with(&allow(
            "sts:*",
            "arn:aws:iam::222233334444:role/*",
            "Bool aws:MultiFactorAuthPresent true",
        ));
        let told = bench.evidence(&RULE);
        assert!(
            told.contains(
                "`arn:aws:iam::222233334444:role/lineward-probe` (conditional on \
                 `aws:MultiFactorAuthPresent`)"
            ),
            "{told}"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn named_roles_a_guard_and_a_denial_pass() {
        let guard = "StringEquals iam:ResourceTag/Team ${aws:PrincipalTag/Team}";
        let denied = deny(
            "sts:AssumeRole",
            "*",
            "StringNotEquals iam:ResourceTag/Team ads",
        );
        let open = allow("sts:AssumeRole", "*", "");
        for statements in [
            allow("sts:AssumeRole", "arn:aws:iam::*:role/ads/*", ""),
            allow("sts:AssumeRole", "*", guard),
            [open, denied].join(","),
        ] {
            assert_eq!(with(&statements).faults(&RULE), [], "{statements}");
        }
    }

    #[test]
    fn a_policy_that_was_not_read_may_forbid_it() {
        let gone = managed("gone", "", &allow("s3:*", "*", ""));
        let open = role("ads", "ads").may(&allow("sts:AssumeRole", "*", ""));
        for (limited, what) in [
            (open.clone().bounded_by(&gone), "the role's boundary"),
            (open.clone().holding(&gone), "the policy"),
        ] {
            let reason = Bench::of([limited.clone()]).unknown(&RULE);
            assert!(reason.contains("(as far as was read)"), "{reason}");
            let end = format!(
                "unless {what} `arn:aws:iam::111122223333:policy/gone`, which was not read, forbids it"
            );
            assert!(reason.ends_with(&end), "{reason}");
            // Once it is read there is no doubt: a boundary that leaves it out forbids it.
            let read = Bench::of([limited.clone()]).policies([gone.clone()]);
            let count = usize::from(limited.boundary.is_none());
            assert_eq!(read.faults(&RULE).len(), count);
        }
    }

    #[test]
    fn an_untagged_role_is_not_judged() {
        let open = allow("sts:AssumeRole", "*", "");
        assert_eq!(Bench::of([role("x", "").may(&open)]).faults(&RULE), []);
    }
}
