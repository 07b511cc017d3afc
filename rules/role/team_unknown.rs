use crate::fault::Fault;
use crate::iam::{Holder, Inventory};
use crate::remediation::tag_role;
use crate::rule::{Context, rule};

rule! {
    /// The role names a team that doesn't exist
    ///
    /// Flags roles whose team tag holds a value that no `[[team]]` of the configuration and none of
    /// `[teams] shared` has, to the letter: IAM compares tag values with regard to case. Where the
    /// configuration lists no team, no register is kept and nothing is flagged.
    ///
    /// ## Why it matters
    /// Policies that compare team tags treat it as a team of its own: it reaches nothing of the team that was
    /// meant, or all that carries the same slip.
    ///
    /// ## How to fix
    /// Correct the tag, or register the team.
    ///
    /// Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
    "role-team-unknown", Medium, Role { check }
}

fn check(holder: &Holder<'_>, _: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let Some(evidence) = holder.team.and_then(|team| unknown(team, cx)) else {
        return Vec::new();
    };
    let near = holder.team.and_then(|team| cx.policy.near_team(team));
    let meant = near.unwrap_or("<team>");
    let fix = tag_role(holder.role, &cx.policy.team_tag, meant);
    vec![Fault::of_role(holder, evidence).mended_by(fix)]
}

/// Why a team isn't known; that a tag is empty is another fault.
pub(super) fn unknown(team: &str, cx: &Context<'_>) -> Option<String> {
    if team.trim().is_empty() || cx.policy.knows_team(team) {
        return None;
    }
    Some(match cx.policy.near_team(team) {
        Some(near) => format!("team `{team}` is not registered; did you mean `{near}`?"),
        None => format!("team `{team}` is not registered"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_value_is_known_and_a_near_miss_is_named() {
        let cx = Context::example();
        assert_eq!(unknown("ads", &cx), None);
        assert_eq!(unknown(" ", &cx), None);
        let fact = "team `ADS ` is not registered; did you mean `ads`?";
        assert_eq!(unknown("ADS ", &cx).as_deref(), Some(fact));
        let fact = "team `nobody` is not registered";
        assert_eq!(unknown("nobody", &cx).as_deref(), Some(fact));
    }

    #[test]
    fn without_a_register_every_team_is_known_and_a_shared_one_always() {
        let mut policy = crate::Policy::default();
        let known = |policy: &crate::Policy| {
            let cx = Context {
                policy,
                ..Context::example()
            };
            unknown("platform", &cx).is_none()
        };
        assert!(known(&policy));
        policy.teams.insert("ads".into());
        assert!(!known(&policy));
        policy.shared_teams.insert("platform".into());
        assert!(known(&policy));
    }
}
