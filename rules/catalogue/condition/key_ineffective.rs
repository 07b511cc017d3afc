use crate::finding::Fault;
use crate::finding::{Remediation, Severity};
use crate::iam::{Choice, Condition, Effect, Statement, Table, Truth};
use crate::remedy::iam::forbid;
use crate::remedy::restate;
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::StatementSubject;

rule! {
    /// A condition uses a key that its actions don't have
    ///
    /// Flags statements on actions of IAM, STS and EMR Serverless with a condition key that AWS's Service
    /// Authorization Reference doesn't list for them: `emr-serverless:ResourceTag`, which exists nowhere,
    /// `iam:ResourceTag` on actions of other services, `aws:ResourceTag` on actions that have no
    /// resource. A `…:ResourceTag` is looked at for each action whose resource has tags, other keys for
    /// all actions of the statement together: a key may be meant for one of them.
    ///
    /// The severity is high where a denial never comes about or an allowing statement is never
    /// guarded, and low where it never allows anything.
    ///
    /// ## Why it matters
    /// The key is missing in every request. A denial that needs it never fires; an allowing statement
    /// with `IfExists`, a negated operator or `ForAllValues` is open; any other allows nothing.
    ///
    /// ## How to fix
    /// Use the key that the action has: `aws:ResourceTag` for what is reached, `aws:RequestTag` for what
    /// is created.
    ///
    /// Source: Service Authorization Reference, "Actions, resources, and condition keys" of IAM, STS and
    /// EMR Serverless.
    "condition-key-ineffective", High, Statement { check }
}

/// A condition, and the actions of its statement that don't have its key.
struct IneffectiveCondition<'a> {
    condition: &'a Condition,
    actions: Vec<&'a str>,
}

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, _: &Context<'_>) -> Option<Fault> {
    let statement = stated.statement;
    let dead = dead(statement);
    let first = dead.first()?;
    let open = |it: &IneffectiveCondition<'_>| it.condition.passes_missing() != Truth::False;
    // What counts is the condition that decides: a dead one decides over open ones.
    let allows_nothing = statement.effect == Effect::Allow && dead.iter().any(|it| !open(it));
    let effect = match (statement.effect, allows_nothing) {
        (Effect::Deny, _) => "so that the denial never fires",
        (Effect::Allow, true) => "so that nothing is allowed",
        (Effect::Allow, false) => "so that the condition is always met",
    };
    let keys = dead.iter().map(|it| format!("`{}`", it.condition.key));
    let keys: Vec<_> = keys.collect();
    let does = if keys.len() > 1 { "don't" } else { "doesn't" };
    let fault = stated.fault(&format!(
        "{} {does} exist for {} (AWS's reference of {}), {effect}",
        keys.join(", "),
        first.actions.join(", "),
        Table::get().date
    ));
    let severity = if allows_nothing {
        Severity::Low
    } else {
        Severity::High
    };
    Some(fault.of_severity(severity).mended_by(fix(stated, &dead)))
}

/// The conditions that don't do what they are there for.
fn dead(statement: &Statement) -> Vec<IneffectiveCondition<'_>> {
    let Choice::Only(names) = &statement.actions else {
        return Vec::new();
    };
    let conditions = statement.conditions.iter();
    let dead = conditions.filter_map(|condition| {
        // A denial that is always met still denies.
        let denies = statement.effect == Effect::Deny && condition.passes_missing() != Truth::False;
        if denies || !is_judged(&condition.key) {
            return None;
        }
        let actions = without_key(names, &condition.key);
        (!actions.is_empty()).then_some(IneffectiveCondition { condition, actions })
    });
    dead.collect()
}

/// Whether the reference lists all keys of this kind; those of identity providers it can't.
fn is_judged(key: &str) -> bool {
    let service = key.split(':').next().unwrap_or_default();
    let known = ["aws", "iam", "sts", "emr-serverless"];
    known.iter().any(|it| service.eq_ignore_ascii_case(it))
}

/// The names and patterns, among those of a statement, for which a key is meant and doesn't exist.
fn without_key<'a>(names: &'a [String], key: &str) -> Vec<&'a str> {
    let table = Table::get();
    let is_emr = |text: &str| {
        let service = text.split(':').next().unwrap_or_default();
        service.eq_ignore_ascii_case("emr-serverless")
    };
    // Checked within the request of another action, whose keys they see.
    let within = ["sts:TagSession", "sts:SetSourceIdentity"];
    let names = names.iter().map(String::as_str);
    let mut judged = Vec::new();
    for name in names {
        if within.iter().any(|it| name.eq_ignore_ascii_case(it)) || (is_emr(key) && !is_emr(name)) {
            continue;
        }
        if !table.knows(name) {
            return Vec::new();
        }
        if table.actions(name).next().is_some() {
            judged.push(name);
        }
    }
    let works = |name: &&str, key: &str| table.actions(name).any(|it| table.works(it, key));
    let tag = key.split_once('/').filter(|(prefix, _)| {
        let prefix = prefix.to_ascii_lowercase();
        prefix.ends_with(":resourcetag")
    });
    let (lacking, having): (Vec<_>, Vec<_>) = judged.into_iter().partition(|it| !works(it, key));
    let Some((_, tag)) = tag else {
        return if having.is_empty() {
            lacking
        } else {
            Vec::new()
        };
    };
    let has_tags = |it: &&str| works(it, &format!("aws:ResourceTag/{tag}"));
    let tagged: Vec<_> = lacking.iter().copied().filter(has_tags).collect();
    if tagged.is_empty() && having.is_empty() {
        lacking
    } else {
        tagged
    }
}

/// The key that is meant; or else, of what is never allowed, nothing.
fn fix(stated: &StatementSubject<'_>, dead: &[IneffectiveCondition<'_>]) -> Remediation {
    let from = stated.statement;
    let mut to = from.clone();
    let mut dropped = Vec::new();
    for it in dead {
        let other = other_key(from, it);
        let open = it.condition.passes_missing() != Truth::False;
        match other {
            Some(key) => {
                let condition = Condition {
                    key,
                    ..it.condition.clone()
                };
                to = to.with_condition(it.condition, Some(condition));
            }
            None if open || from.effect == Effect::Deny => {}
            None => dropped.extend(&it.actions),
        }
    }
    if to == *from && dropped.is_empty() {
        return Remediation::default();
    }
    stated.mended(|list, at| {
        restate(list, at, from, &to);
        if !dropped.is_empty() {
            forbid(list, at, &to, &dropped);
        }
    })
}

/// The key of the same tag that all actions of the statement have.
fn other_key(statement: &Statement, dead: &IneffectiveCondition<'_>) -> Option<String> {
    let (_, tag) = dead.condition.key.split_once('/')?;
    let Choice::Only(names) = &statement.actions else {
        return None;
    };
    let keys = ["aws:ResourceTag", "aws:RequestTag"].map(|it| format!("{it}/{tag}"));
    let mut keys = keys.into_iter();
    keys.find(|key| {
        let is_new = !statement.conditions.iter().any(|it| it.is_on(key));
        is_new && without_key(names, key).is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking(names: &[&str], key: &str) -> Vec<String> {
        let names: Vec<_> = names.iter().map(|&it| it.to_owned()).collect();
        let lacking = without_key(&names, key);
        lacking.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_resource_tag_is_meant_for_each_action_whose_resource_has_tags() {
        let run = "emr-serverless:StartJobRun";
        let list = "emr-serverless:ListApplications";
        let tag = "aws:ResourceTag/Team";
        assert_eq!(lacking(&[run, list], tag), [""; 0]);
        assert_eq!(lacking(&[list], tag), [list]);
        assert_eq!(lacking(&["emr-serverless:*"], tag), [""; 0]);
        let both = ["sts:AssumeRole", run];
        assert_eq!(lacking(&both, "iam:ResourceTag/Team"), [run]);
        assert_eq!(lacking(&both, "emr-serverless:ResourceTag/Team"), [run]);
    }

    #[test]
    fn another_key_is_meant_for_any_action() {
        let key = "iam:PassedToService";
        assert_eq!(lacking(&["iam:PassRole", "iam:GetRole"], key), [""; 0]);
        assert_eq!(lacking(&["iam:*"], key), [""; 0]);
        assert_eq!(lacking(&["iam:GetRole"], key), ["iam:GetRole"]);
    }

    #[test]
    fn what_the_reference_does_not_have_is_not_judged() {
        let key = "iam:ResourceTag/Team";
        assert_eq!(
            lacking(&["s3:GetObject", "emr-serverless:StartJobRun"], key),
            [""; 0]
        );
        assert_eq!(lacking(&["*"], key), [""; 0]);
        assert_eq!(lacking(&["sts:TagSession"], "sts:ExternalId"), [""; 0]);
        assert!(!is_judged("token.actions.githubusercontent.com:sub"));
    }
}
