use crate::finding::Fault;
use crate::iam::{Choice, Pattern, Statement, Version};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::Stated;

rule! {
    /// A policy's variables are text
    ///
    /// Flags policies with a variable such as `${aws:PrincipalTag/Team}` in a statement about the
    /// boundary, whose `Version` is not 2012-10-17: missing, or 2008-10-17. The escapes `${*}`, `${?}`
    /// and `${$}` are no variables.
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

fn check(stated: &Stated<'_>, _: &Context<'_>) -> Option<Fault> {
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
