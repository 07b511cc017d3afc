use crate::finding::Fault;
use crate::iam::Principal;
use crate::remedy::iam::{forbid, mend};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::Stated;
use crate::subject::trust::{lets_assume, named};

rule! {
    /// An execution role can be assumed without a job
    ///
    /// Flags roles of a team that EMR Serverless may assume and that a role, a user or an account may assume as
    /// well. Who comes in from another team is said by `trust-admits-other-team`, `trust-admits-account` or
    /// `trust-admits-anyone`.
    ///
    /// ## Why it matters
    /// What is done with the role outside of a job passes by `iam:PassRole`, the submitter's trail and lineage.
    ///
    /// ## How to fix
    /// Let EMR Serverless alone assume it; debug with a role of its own.
    "execution-role-assumable-directly", Low, Statement { check },
    yields_to: [trust::admits_anyone, trust::admits_account, trust::admits_other_team],
}

fn check(stated: &Stated<'_>, _: &Context<'_>) -> Option<Fault> {
    if !lets_assume(stated) || !stated.holder.is_execution {
        return None;
    }
    let who = named(stated).iter().find_map(Principal::aws)?;
    let alone = !named(stated)
        .iter()
        .any(|it| matches!(it, Principal::Service(_)));
    let fault = stated.fault(&format!("`{who}` may assume the role without a job"));
    if !alone {
        return Some(fault);
    }
    let statement = stated.statement;
    let fix = mend(
        stated.held.name,
        stated.holder.role,
        statement.index,
        |list, at| {
            forbid(list, at, statement, &["sts:AssumeRole"]);
        },
    );
    Some(fault.mended_by(fix))
}
