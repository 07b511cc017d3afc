use crate::finding::Fault;
use crate::iam::Principal;
use crate::remedy::iam::{forbid, mend};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::StatementSubject;
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

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, _: &Context<'_>) -> Option<Fault> {
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

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::estate::Role;
    use crate::subject::bench::{Bench, HOME, admit, admit_jobs, role};

    const USER: &str = "AWS arn:aws:iam::111122223333:user/ana";

    fn trusting(statements: &[String]) -> Role {
        role("ads", "ads").trusting(&statements.join(","))
    }

    #[test]
    fn a_user_beside_emr_serverless_is_flagged_and_left_out() {
        let bench = Bench::of([trusting(&[admit_jobs(HOME), admit(USER, "")])]);
        assert_eq!(
            bench.evidence(&RULE),
            "trust policy of `ads`, statement 2: `arn:aws:iam::111122223333:user/ana` may assume the \
             role without a job"
        );
        bench.mended(&RULE);
    }

    #[test]
    fn in_one_statement_with_the_service_its_owner_must_take_it_apart() {
        let both = r#"{"Service":"emr-serverless.amazonaws.com","AWS":"111122223333"}"#;
        let statement =
            format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{both}}}"#);
        let fault = Bench::of([trusting(&[statement])]).fault(&RULE);
        assert_eq!(fault.remedy.written().aws_cli, "");
    }

    #[test]
    fn a_role_of_services_alone_and_one_that_runs_no_jobs_pass() {
        let services = trusting(&[admit_jobs(HOME), admit("Service lambda.amazonaws.com", "")]);
        assert_eq!(Bench::of([services]).faults(&RULE), []);
        assert_eq!(Bench::of([trusting(&[admit(USER, "")])]).faults(&RULE), []);
    }

    #[test]
    fn an_untagged_role_is_not_judged() {
        let trust = [admit_jobs(HOME), admit(USER, "")].join(",");
        let untagged = role("x", "").trusting(&trust);
        assert_eq!(Bench::of([untagged]).faults(&RULE), []);
    }
}
