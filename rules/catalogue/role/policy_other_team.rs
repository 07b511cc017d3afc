use crate::estate::{ManagedPolicy, ReadScope};
use crate::finding::Fault;
use crate::finding::Remediation;
use crate::iam::Holder;
use crate::remedy::shell;
use crate::settings::Context;
use crate::subject::evidence;
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;

rule! {
    /// The role holds a policy of another team
    ///
    /// Flags roles with a team to which a customer managed policy of another team is attached, or that such a
    /// policy bounds. Policies of `[teams] shared` are for all, and `[[sharing]]` may allow one.
    ///
    /// ## Why it matters
    /// Whoever may change the other team's policy changes what this role may do, and the role has rights that
    /// were written for somebody else.
    ///
    /// ## How to fix
    /// Give the role a policy of its own team, or tag the policy as one that serves all.
    ///
    /// Source: the organization's own tags; IAM doesn't compare them when a policy is attached.
    "role-policy-other-team", Medium, Role { check }
}

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    let role = holder.role;
    let crossing = inventory.policies.iter().filter_map(|policy| {
        let is_boundary = role.boundary.as_ref() == Some(&policy.arn);
        if !is_boundary && !role.attached_policies.contains(&policy.arn) {
            return None;
        }
        let team = cx.policy.team(policy.tags.as_ref()?);
        let team = team.filter(|it| !it.trim().is_empty());
        let crosses = cx.policy.crosses(holder.team, team, &policy.arn, cx.now);
        crosses.then(|| fault(holder, policy, team.unwrap_or_default(), is_boundary))
    });
    crossing.collect()
}

fn fault(holder: &Holder<'_>, policy: &ManagedPolicy, theirs: &str, is_boundary: bool) -> Fault {
    let (role, own) = (holder.role, holder.team.unwrap_or_default());
    let how = if is_boundary { "bounded by" } else { "holds" };
    let evidence = format!("of team `{own}`, {how} `{}` of team `{theirs}`", policy.arn);
    let (account, name) = (role.arn.account(), shell(&role.name));
    let fix = if is_boundary {
        Remediation {
            aws_cli: format!(
                "# in account {account}\n: \"${{BOUNDARY_ARN:?set BOUNDARY_ARN to the ARN of its own team's boundary}}\" \
                 &&\naws iam put-role-permissions-boundary --role-name {name} --permissions-boundary \
                 \"$BOUNDARY_ARN\""
            ),
            terraform: "permissions_boundary = var.boundary_arn".into(),
        }
    } else {
        Remediation {
            aws_cli: format!(
                "# in account {account}\n# attach a policy of team {own} with what the role needs first\n\
                 aws iam detach-role-policy --role-name {name} --policy-arn {}",
                shell(policy.arn.as_str())
            ),
            terraform: format!(
                "# remove the aws_iam_role_policy_attachment of {}",
                policy.arn
            ),
        }
    };
    Fault {
        part: policy.arn.to_string(),
        // Whose it is says its tag, which is read by itself.
        ..evidence::of_role(holder, evidence)
            .mended_by(fix)
            .read_from(ReadScope::resource(&policy.arn))
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::ManagedPolicy;
    use crate::subject::bench::{Bench, allow, managed, role};

    fn policy(team: &str) -> ManagedPolicy {
        managed("theirs", team, &allow("s3:GetObject", "*", ""))
    }

    fn held(policy: ManagedPolicy) -> Bench {
        Bench::of([role("ads", "ads").holding(&policy)]).policies([policy])
    }

    #[test]
    fn another_teams_policy_is_flagged_and_detached() {
        let bench = held(policy("billing"));
        let fault = bench.fault(&RULE);
        assert_eq!(fault.part, "arn:aws:iam::111122223333:policy/theirs");
        assert_eq!(
            bench.evidence(&RULE),
            "of team `ads`, holds `arn:aws:iam::111122223333:policy/theirs` of team `billing`"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn another_teams_boundary_is_flagged() {
        let bounded = role("ads", "ads").bounded_by(&policy("billing"));
        let bench = Bench::of([bounded]).policies([policy("billing")]);
        assert_eq!(
            bench.evidence(&RULE),
            "of team `ads`, bounded by `arn:aws:iam::111122223333:policy/theirs` of team `billing`"
        );
        let fix = bench.fault(&RULE).remedy.written().aws_cli;
        assert!(
            fix.contains("put-role-permissions-boundary --role-name ads"),
            "{fix}"
        );
    }

    #[test]
    fn its_own_an_untagged_and_an_unread_policy_pass() {
        let mut unread = policy("billing");
        unread.tags = None;
        for policy in [policy("ads"), policy(""), policy(" "), unread] {
            assert_eq!(held(policy).faults(&RULE), []);
        }
    }

    #[test]
    fn an_agreed_and_a_shared_policy_pass() {
        let theirs = || held(policy("billing"));
        assert_eq!(theirs().agreed("ads", "billing").faults(&RULE), []);
        assert_eq!(theirs().shared("billing").faults(&RULE), []);
    }
}
