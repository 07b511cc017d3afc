use crate::finding::Fault;
use crate::iam::{Choice, Effect, Statement};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::StatementSubject;

rule! {
    /// A policy allows all actions but some, and among them ways into other teams
    ///
    /// Flags allowing statements with `NotAction` that so allow to pass a role, to assume one, or to change
    /// tags, policies or trust. It yields to the rule that names the effect, where there is one.
    ///
    /// ## Why it matters
    /// The list says what is not allowed. All else is, actions that AWS adds later included.
    ///
    /// ## How to fix
    /// Name the actions that are needed. The change below takes away those that decide the boundary:
    /// allow what is needed of them in a statement of its own, on the team's own roles.
    ///
    /// Source: IAM User Guide, "IAM JSON policy elements: `NotAction`".
    "policy-allows-notaction", High, Statement { check }, tells: Form
}

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Option<Fault> {
    stated.bounded_team(cx.policy)?;
    let statement = stated.statement;
    let Choice::AllBut(names) = &statement.actions else {
        return None;
    };
    if statement.effect == Effect::Deny {
        return None;
    }
    let dangerous: Vec<_> = dangerous(stated).collect();
    if dangerous.is_empty() {
        return None;
    }
    let fault = stated.fault(&format!("`NotAction` allows {}", few(&dangerous)));
    let added = dangerous.iter().map(|&it| it.to_owned());
    let mended = Statement {
        actions: Choice::AllBut(names.iter().cloned().chain(added).collect()),
        ..statement.clone()
    };
    Some(fault.mended_by(stated.restated(&mended)))
}

/// The actions of a statement that lead into other teams at once, where it is about what they act on.
pub(super) fn dangerous(stated: &StatementSubject<'_>) -> impl Iterator<Item = &'static str> {
    let is_trust = stated.is_trust();
    let resources = stated.statement.resources.as_ref();
    let reaches = move |action: &str| {
        let service = if action.starts_with("emr-serverless:") {
            "emr-serverless"
        } else {
            "iam"
        };
        match resources {
            Some(Choice::Only(patterns)) => patterns.iter().any(|it| may_be_of(it, service)),
            Some(Choice::AllBut(_)) | None => true,
        }
    };
    let is_of_trust = |action: &str| action == "sts:AssumeRole";
    let is_step = |action: &str| {
        ["StartJobRun", "StartSession", "Access", "TagSession"]
            .iter()
            .any(|it| {
                action
                    .split(':')
                    .nth(1)
                    .is_some_and(|name| name.starts_with(it))
            })
    };
    let actions = stated.actions();
    actions.filter(move |it| !is_step(it) && (!is_trust || is_of_trust(it)) && reaches(it))
}

/// Whether a pattern of ARNs covers any of a service.
fn may_be_of(pattern: &str, service: &str) -> bool {
    let Some(part) = pattern.split(':').nth(2) else {
        return true;
    };
    part.contains(['*', '?']) || part == service
}

/// The first of many.
pub(super) fn few(actions: &[&str]) -> String {
    match actions {
        [first, second, third, rest @ ..] if rest.len() > 1 => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        all => all.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_tells_its_service() {
        assert!(may_be_of("*", "iam") && may_be_of("arn:aws:iam::1:role/x", "iam"));
        assert!(may_be_of("arn:aws:*:::x", "iam") && may_be_of("arn:*", "iam"));
        assert!(!may_be_of("arn:aws:s3:::bucket/*", "iam"));
    }

    #[test]
    fn a_long_list_is_cut() {
        assert_eq!(few(&["a", "b", "c", "d"]), "a, b, c, d");
        assert_eq!(few(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}
