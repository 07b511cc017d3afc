use crate::finding::Fault;
use crate::finding::Remediation;
use crate::iam::{
    Base, Condition, EMR_SERVERLESS, Effect, Operator, Principal, Principals, Statement,
};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::StatementSubject;

rule! {
    /// A trust policy speaks of all but some
    ///
    /// Flags trust policies with `NotPrincipal`.
    ///
    /// ## Why it matters
    /// To allow all but some is to allow everybody, in every account. To deny all but some denies the
    /// sessions of those that are left out, unless they and their account are named too. IAM refuses
    /// such a trust policy today; where one is left from before, it can't be changed back.
    ///
    /// ## How to fix
    /// Name who may assume the role. In a denial, speak of everybody, and leave some out by
    /// `ArnNotLike` on `aws:PrincipalArn`.
    ///
    /// Source: IAM User Guide, "AWS JSON policy elements: `NotPrincipal`".
    "policy-notprincipal", High, Statement { check }
}

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Option<Fault> {
    let Some(Principals::AllBut(names)) = &stated.statement.principals else {
        return None;
    };
    if !stated.is_trust() {
        return None;
    }
    let (may, but) = match stated.statement.effect {
        Effect::Allow => ("may assume the role", "everybody"),
        Effect::Deny => ("is denied the role", "everybody"),
    };
    let fault = stated.fault(&format!("{but} but {} {may}", count(names.len())));
    Some(fault.mended_by(match stated.statement.effect {
        Effect::Allow => allow(stated, cx),
        Effect::Deny => deny(stated, names),
    }))
}

fn count(names: usize) -> String {
    match names {
        1 => "one".to_owned(),
        several => several.to_string(),
    }
}

/// EMR Serverless where it is an execution role, or else the role's own team in its own account.
fn allow(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Remediation {
    let account = stated.holder.role.arn.account();
    let equals = |key: &str, value: &str| Condition {
        operator: Operator::STRING_EQUALS,
        key: key.to_owned(),
        values: vec![value.to_owned()],
    };
    let (principal, condition) = match stated.holder.team {
        _ if stated.holder.is_execution => (
            Principal::Service(EMR_SERVERLESS.to_owned()),
            equals("aws:SourceAccount", account),
        ),
        Some(team) => (
            Principal::Account(account.to_owned()),
            equals(&format!("aws:PrincipalTag/{}", cx.policy.team_tag), team),
        ),
        None => return Remediation::default(),
    };
    let statement = Statement {
        principals: Some(Principals::Only(vec![principal])),
        ..stated
            .statement
            .with_condition(&condition, Some(condition.clone()))
    };
    stated.restated(&statement)
}

/// Everybody, but for those that are named.
fn deny(stated: &StatementSubject<'_>, names: &[Principal]) -> Remediation {
    let mut arns = Vec::new();
    let mut accounts = Vec::new();
    for name in names {
        match name {
            Principal::Identity(arn) => arns.push(arn.clone()),
            Principal::Account(account) => accounts.push(account.clone()),
            Principal::Anyone
            | Principal::Gone(_)
            | Principal::Service(_)
            | Principal::Federated(_)
            | Principal::CanonicalUser(_) => {}
        }
    }
    let conditions = [
        (Base::ArnNotLike, "aws:PrincipalArn", arns),
        (Base::StringNotEquals, "aws:PrincipalAccount", accounts),
        (
            Base::Bool,
            "aws:PrincipalIsAWSService",
            vec!["false".to_owned()],
        ),
    ];
    let mut statement = Statement {
        principals: Some(Principals::Only(vec![Principal::Anyone])),
        ..stated.statement.clone()
    };
    for (base, key, values) in conditions {
        if !values.is_empty() {
            let condition = Condition {
                operator: Operator::plain(base),
                key: key.to_owned(),
                values,
            };
            statement = statement.with_condition(&condition, Some(condition.clone()));
        }
    }
    stated.restated(&statement)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, HOME, admit, admit_jobs, role};

    fn but(effect: &str, names: &str) -> String {
        format!(r#"{{"Effect":"{effect}","Action":"sts:AssumeRole","NotPrincipal":{names}}}"#)
    }

    fn trusting(statement: &str, team: &str) -> Bench {
        Bench::of([role("ads", team).trusting(statement)])
    }

    fn but_ana() -> String {
        but("Allow", r#"{"AWS":"arn:aws:iam::111122223333:user/ana"}"#)
    }

    #[test]
    fn everybody_but_one_is_flagged_and_becomes_its_own_team() {
        let bench = trusting(&but_ana(), "ads");
        assert_eq!(
            bench.evidence(&RULE),
            "trust policy of `ads`, statement 1: everybody but one may assume the role"
        );
        let fix = bench.fault(&RULE).remedy.written().aws_cli;
        assert!(fix.contains(r#""aws:PrincipalTag/Team""#), "{fix}");
        bench.mended(&RULE);
    }

    #[test]
    fn of_a_role_that_runs_jobs_it_becomes_emr_serverless() {
        let bench = trusting(&[admit_jobs(HOME), but_ana()].join(","), "ads");
        let fix = bench.fault(&RULE).remedy.written().aws_cli;
        assert!(!fix.contains(r#""AWS""#), "{fix}");
        bench.mended(&RULE);
    }

    #[test]
    fn a_denial_of_all_but_some_spares_them_by_condition() {
        let spared = r#"{"AWS":["arn:aws:iam::111122223333:user/ana","111122223333"]}"#;
        let bench = trusting(&[admit_jobs(HOME), but("Deny", spared)].join(","), "ads");
        let told = bench.evidence(&RULE);
        assert!(
            told.ends_with("everybody but 2 is denied the role"),
            "{told}"
        );
        let fix = bench.fault(&RULE).remedy.written().aws_cli;
        for key in ["aws:PrincipalArn", "aws:PrincipalAccount"] {
            assert!(fix.contains(key), "{fix}");
        }
        bench.mended(&RULE);
    }

    #[test]
    fn of_an_untagged_role_nobody_knows_who_was_meant() {
        let fault = trusting(&but_ana(), "").fault(&RULE);
        assert_eq!(fault.remedy.written().aws_cli, "");
    }

    #[test]
    fn named_principals_pass() {
        let named = trusting(&admit("AWS *", ""), "ads");
        assert_eq!(named.faults(&RULE), []);
    }
}
