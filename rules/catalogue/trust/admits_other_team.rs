use crate::finding::Fault;
use crate::graph::stranger::{admits_account, open};
use crate::graph::{Estate, Kind, LocatedStatement, Node};
use crate::remedy::iam::guard;
use crate::remedy::iam::part_services;
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// A trust policy admits another team's role
    ///
    /// Flags roles of a team whose trust policy names a role of another team, or a session of it, where the
    /// other's own policies don't allow it yet or needn't: within one account, naming the role is enough. Where
    /// both sides allow it, `assume-reaches-other-team` says so; where a statement admits roles of whatever
    /// account, `trust-admits-anyone` or `policy-notprincipal`.
    ///
    /// ## Why it matters
    /// The other team comes in as soon as it allows itself to, or comes in already.
    ///
    /// ## How to fix
    /// Take the role out of `Principal`, or agree to the sharing in `[[sharing]]`.
    ///
    /// Source: IAM User Guide, "AWS JSON policy elements: Principal".
    "trust-admits-other-team", Critical, Estate { check }, tells: Effect
}

fn check(estate: &Estate<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (from, steps) in estate.steps.iter().enumerate() {
        let alone = steps
            .iter()
            .filter(|it| it.kind == Kind::Assume && it.allowed_by.is_none());
        for step in alone {
            let how = "and needs no more";
            let admitted = AdmittedRole {
                from,
                to: step.to,
                trusted_by: step.trusted_by,
                is_sure: step.is_sure,
            };
            faults.extend(fault(estate, &admitted, how, cx));
        }
    }
    for refusal in &estate.refused {
        let how = "whose own policies don't allow it yet";
        let admitted = AdmittedRole {
            from: refusal.from,
            to: refusal.to,
            trusted_by: refusal.trusted_by,
            is_sure: refusal.is_sure,
        };
        faults.extend(fault(estate, &admitted, how, cx));
    }
    faults
}

/// A role that another's trust policy admits.
struct AdmittedRole {
    from: usize,
    to: usize,
    trusted_by: Option<usize>,
    is_sure: bool,
}

fn fault(
    estate: &Estate<'_>,
    admitted: &AdmittedRole,
    how: &str,
    cx: &Context<'_>,
) -> Option<Fault> {
    let (from, to) = (admitted.from, admitted.to);
    let (caller, target) = (estate.node(from)?, estate.node(to)?);
    if !estate.crosses(caller, target, cx) {
        return None;
    }
    let trust = target.trust();
    let kept = trust.get(admitted.trusted_by?)?;
    let statements = trust.iter().map(|it| &it.statement);
    let is_open = open(&kept.statement, &statements, target.asked(), cx);
    if is_open.is_some() || admits_account(kept, caller, target, cx) {
        return None;
    }
    let team = caller.team.as_deref().unwrap_or_default();
    let evidence = format!("it admits `{}` of team `{team}`, {how}", caller.arn);
    let fault = Fault {
        read_from: estate.roles_of(&[from, to]),
        ..kept.fault(target, &evidence)
    };
    let fault = fault.unless_forbidden(caller.unread_limit.as_deref());
    if !admitted.is_sure {
        return Some(fault.unless_conditions_fail());
    }
    Some(fault.mended_by(closed(kept, target, cx)))
}

/// The trust policy whose statement admits the team's own roles alone.
fn closed(kept: &LocatedStatement, target: &Node, cx: &Context<'_>) -> crate::Remediation {
    let team = target.team.as_deref().unwrap_or_default();
    let tag = format!("aws:PrincipalTag/{}", cx.policy.team_tag);
    let guarded = kept.changed(|list, at| {
        part_services(list, at);
        guard(list, at, &[("StringEquals", &tag, team)]);
    });
    kept.replaced_by(target, &guarded)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::Role;
    use crate::subject::bench::{Bench, admit, allow, arn, role, role_in};

    fn admitting(conditions: &str) -> String {
        admit(&format!("AWS {}", arn("ads")), conditions)
    }

    fn abroad() -> Role {
        role_in("222233334444", "billing", "billing").trusting(&admitting(""))
    }

    #[test]
    fn within_one_account_naming_the_role_is_enough() {
        let trusting = role("billing", "billing").trusting(&admitting(""));
        let bench = Bench::of([role("ads", "ads"), trusting]);
        assert_eq!(
            bench.evidence(&RULE),
            "trust policy of `billing`, statement 1: it admits `arn:aws:iam::111122223333:role/ads` of \
             team `ads`, and needs no more"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn from_another_account_it_is_said_before_the_caller_allows_itself_to() {
        let bench = Bench::of([role("ads", "ads"), abroad()]);
        let told = bench.evidence(&RULE);
        assert!(
            told.ends_with("of team `ads`, whose own policies don't allow it yet"),
            "{told}"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn where_both_sides_allow_it_another_rule_speaks() {
        let caller = role("ads", "ads").may(&allow("sts:AssumeRole", "*", ""));
        assert_eq!(Bench::of([caller, abroad()]).faults(&RULE), []);
    }

    #[test]
    fn its_own_team_a_guard_and_an_agreement_pass() {
        let own = role("ads-data", "ads").trusting(&admitting(""));
        assert_eq!(Bench::of([role("ads", "ads"), own]).faults(&RULE), []);
        let guard = admitting("StringEquals aws:PrincipalTag/Team billing");
        let guarded = role("billing", "billing").trusting(&guard);
        assert_eq!(Bench::of([role("ads", "ads"), guarded]).faults(&RULE), []);
        let agreed = Bench::of([role("ads", "ads"), abroad()]).agreed("ads", "billing");
        assert_eq!(agreed.faults(&RULE), []);
    }
}
