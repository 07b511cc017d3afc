use crate::finding::Fault;
use crate::iam::{Choice, Pattern, Statement, Version};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::StatementSubject;

rule! {
    /// A policy's variables are text
    ///
    /// Flags policies with a variable such as `${aws:PrincipalTag/Team}` in a statement about the
    /// boundary, whose `Version` is not 2012-10-17: missing, or 2008-10-17. The escapes `${*}`, `${?}`
    /// and `${$}` are not variables.
    ///
    /// ## Why it matters
    /// In these documents `${…}` is compared to the letter. No tag and no ARN reads so: what is allowed by
    /// it is not allowed to anybody, and what is denied by it is denied to nobody.
    ///
    /// ## How to fix
    /// Set `Version` to 2012-10-17.
    ///
    /// Source: IAM User Guide, "IAM JSON policy elements: Version".
    "policy-variable-inert", Medium, Statement { check }
}

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, _: &Context<'_>) -> Option<Fault> {
    let statement = stated.statement;
    if statement.version == Version::V2012 {
        return None;
    }
    let key =
        texts(statement).find_map(|it| Pattern::wild(it, Version::V2012).variables().next())?;
    stated.actions().next()?;
    let fault = stated.fault(&format!(
        "`${{{}}}` is text, for the document is not of version 2012-10-17",
        key.0
    ));
    let fault = Fault {
        // One cause, in however many statements.
        part: stated.held.name.part().to_owned(),
        ..fault
    };
    Some(fault.mended_by(stated.mended(|_, _| {})))
}

/// What a variable can stand in.
pub(super) fn texts(statement: &Statement) -> impl Iterator<Item = &str> {
    let resources = statement.resources.iter().flat_map(Choice::patterns);
    let values = statement.conditions.iter().flat_map(|it| &it.values);
    resources.chain(values).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::InlinePolicy;
    use crate::subject::bench::{Bench, allow, role};

    fn of_version(version: &str, statements: &str) -> Bench {
        let mut judged = role("ads", "ads");
        judged.inline_policies.push(InlinePolicy {
            name: "p".into(),
            document: format!(r#"{{{version}"Statement":[{statements}]}}"#),
        });
        Bench::of([judged])
    }

    const OLD: &str = r#""Version":"2008-10-17","#;

    fn guarded() -> String {
        let guard = "StringEquals iam:ResourceTag/Team ${aws:PrincipalTag/Team}";
        allow("sts:AssumeRole", "*", guard)
    }

    #[test]
    fn a_variable_in_an_old_document_or_one_without_a_version_is_flagged() {
        for version in ["", OLD] {
            let bench = of_version(version, &guarded());
            assert_eq!(
                bench.evidence(&RULE),
                "inline policy `p` of `ads`, statement 1: `${aws:PrincipalTag/Team}` is text, for the \
                 document is not of version 2012-10-17"
            );
            bench.mended(&RULE);
        }
    }

    #[test]
    fn two_statements_of_one_document_are_one_part() {
        let named = allow(
            "iam:PassRole",
            "arn:aws:iam::*:role/${aws:PrincipalTag/Team}/*",
            "",
        );
        let faults = of_version("", &[guarded(), named].join(",")).faults(&RULE);
        let parts: Vec<_> = faults.iter().map(|fault| fault.part.as_str()).collect();
        assert_eq!(parts, ["p", "p"]);
    }

    #[test]
    fn todays_version_escapes_and_other_actions_pass() {
        let now = r#""Version":"2012-10-17","#;
        assert_eq!(of_version(now, &guarded()).faults(&RULE), []);
        let escaped = allow("iam:PassRole", "arn:aws:iam::*:role/${*}", "");
        assert_eq!(of_version("", &escaped).faults(&RULE), []);
        let other = allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}/*", "");
        assert_eq!(of_version("", &other).faults(&RULE), []);
    }
}
