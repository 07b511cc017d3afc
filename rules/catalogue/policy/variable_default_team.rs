use crate::catalogue::policy::variable_inert::texts;
use crate::finding::Fault;
use crate::finding::Remediation;
use crate::iam::{Choice, Effect, Pattern, Version, replace_variables};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::StatementSubject;

rule! {
    /// A policy takes callers without a team for a team's own
    ///
    /// Flags allowing statements about the boundary with a variable of the caller's team that has a default,
    /// such as `${aws:PrincipalTag/Team, 'ads'}`.
    ///
    /// ## Why it matters
    /// Whoever carries no team tag gets what is the default team's: a role that was never tagged, or whose
    /// tag somebody took off.
    ///
    /// ## How to fix
    /// Leave the default out. A variable without a value then matches nothing.
    ///
    /// Source: IAM User Guide, "IAM policy elements: Variables and tags".
    "policy-variable-default-team", Medium, Statement { check }
}

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Option<Fault> {
    let statement = stated.statement;
    if statement.effect == Effect::Deny || statement.version == Version::V2008 {
        return None;
    }
    let team = format!("aws:PrincipalTag/{}", cx.policy.team_tag);
    let default = texts(statement).find_map(|text| {
        let pattern = Pattern::wild(text, Version::V2012);
        let mut variables = pattern.variables();
        variables.find_map(|(key, default)| default.filter(|_| key.eq_ignore_ascii_case(&team)))
    })?;
    stated.actions().next()?;
    let fault = stated.fault(&format!(
        "a caller without the tag `{}` counts as team `{default}`",
        cx.policy.team_tag
    ));
    Some(fault.mended_by(fix(stated, &team)))
}

fn fix(stated: &StatementSubject<'_>, team: &str) -> Remediation {
    let mut statement = stated.statement.clone();
    let resources = statement.resources.iter_mut().flat_map(|it| match it {
        Choice::Only(patterns) | Choice::AllBut(patterns) => patterns,
    });
    let values = statement
        .conditions
        .iter_mut()
        .flat_map(|it| &mut it.values);
    for text in resources.chain(values) {
        *text = without_default(text, team);
    }
    stated.restated(&statement)
}

/// The text with the variable's default left out.
fn without_default(text: &str, variable: &str) -> String {
    replace_variables(text, |key| {
        key.eq_ignore_ascii_case(variable)
            .then(|| format!("${{{key}}}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_of_the_team_alone_is_left_out() {
        let mended = |text| without_default(text, "aws:PrincipalTag/Team");
        assert_eq!(
            mended("role/${aws:principaltag/team, 'x'}/*"),
            "role/${aws:principaltag/team}/*"
        );
        for same in [
            "${aws:username, 'x'}",
            "${open",
            "${*}${aws:PrincipalTag/Team}",
            "red",
        ] {
            assert_eq!(mended(same), same);
        }
    }
}
