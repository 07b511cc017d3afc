use crate::finding::Fault;
use crate::finding::Severity;
use crate::graph::stranger::{NOBODY, Strangers, by_stranger, open, stranger};
use crate::iam::Principal;
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::StatementSubject;
use crate::subject::trust::{guarded, lets_assume, named, target, unknown_keys};

rule! {
    /// A trust policy admits anybody
    ///
    /// Flags trust policies of a team's roles that name `*` and are met by a role without tags of any account:
    /// critical where the account may be of another organization, one that `aws:PrincipalOrgID` names
    /// among them, high where `aws:PrincipalOrgID` keeps those
    /// out. Conditions are evaluated, not told by their looks; where they hang on what can't be known, such as an
    /// IP address or an external id, it is `unknown`.
    ///
    /// ## Why it matters
    /// Whoever is allowed `sts:AssumeRole` by an account of their own comes in.
    ///
    /// ## How to fix
    /// Name the roles that are meant in `Principal`; or compare `aws:PrincipalTag/<team tag>` with the team,
    /// and `aws:PrincipalArn` with the path of its roles.
    ///
    /// Source: IAM User Guide, "AWS JSON policy elements: Principal".
    "trust-admits-anyone", Critical, Statement { check }, tells: Effect
}

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Option<Fault> {
    if !lets_assume(stated) || !named(stated).contains(&Principal::Anyone) {
        return None;
    }
    let fault = |who: &str| {
        let evidence = format!("it admits {who}");
        stated.fault(&evidence).mended_by(guarded(stated, cx))
    };
    let trust = stated.held.document.statements.iter();
    let (open, is_sure) = open(stated.statement, &trust, target(stated), cx)?;
    let who = match open {
        Strangers::Everybody => "every role of every account of AWS".to_owned(),
        Strangers::Foreign(id) => {
            format!("every role of the organization `{id}`, which isn't yours")
        }
        Strangers::Organization => "every role of the organization".to_owned(),
    };
    let who = who.as_str();
    if !is_sure {
        let caller = stranger(target(stated), NOBODY);
        let request = by_stranger(stated.statement, target(stated), &caller, cx.organization);
        let keys = unknown_keys(stated.statement, &request);
        let fault = stated.unknown(&format!("whether it admits {who} hangs on {keys}"));
        return Some(match open {
            Strangers::Everybody | Strangers::Foreign(_) => fault,
            Strangers::Organization => fault.of_severity(Severity::High),
        });
    }
    Some(match open {
        Strangers::Everybody | Strangers::Foreign(_) => fault(who),
        Strangers::Organization => fault(who).of_severity(Severity::High),
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::finding::Severity;
    use crate::subject::bench::{Bench, admit, role};

    fn trusting(conditions: &str) -> Bench {
        Bench::of([role("ads", "ads").trusting(&admit("AWS *", conditions))])
    }

    #[test]
    fn every_role_of_aws_is_flagged_as_the_worst() {
        let bench = trusting("");
        assert_eq!(
            bench.evidence(&RULE),
            "trust policy of `ads`, statement 1: it admits every role of every account of AWS"
        );
        assert_eq!(bench.fault(&RULE).severity, None);
        bench.mended(&RULE);
    }

    #[test]
    fn every_role_of_the_organization_is_high() {
        let bench = trusting("StringEquals aws:PrincipalOrgID o-example");
        let bench = bench.of_organization("o-example");
        let told = bench.evidence(&RULE);
        assert!(
            told.ends_with("it admits every role of the organization"),
            "{told}"
        );
        assert_eq!(bench.fault(&RULE).severity, Some(Severity::High));
        bench.mended(&RULE);
        let unlisted = trusting("StringEquals aws:PrincipalOrgID o-example");
        assert_eq!(unlisted.evidence(&RULE), told);
    }

    #[test]
    fn it_hangs_on_unknown_keys_where_the_organization_is_not_known_either() {
        for (conditions, key) in [
            ("StringEquals sts:ExternalId 4711", "sts:ExternalId"),
            (
                "Bool aws:MultiFactorAuthPresent true",
                "aws:MultiFactorAuthPresent",
            ),
            ("IpAddress aws:SourceIp 10.0.0.0/8", "aws:SourceIp"),
        ] {
            let reason = trusting(conditions).unknown(&RULE);
            assert!(reason.ends_with(&format!("hangs on `{key}`")), "{reason}");
        }
        let both = "StringEquals aws:PrincipalOrgID o-example; IpAddress aws:SourceIp 10.0.0.0/8";
        let reason = trusting(both).unknown(&RULE);
        assert!(
            reason.contains("every role of the organization hangs on"),
            "{reason}"
        );
    }

    #[test]
    fn what_hangs_on_an_unknown_key_is_unknown() {
        let bench = trusting("IpAddress aws:SourceIp 10.0.0.0/8").of_organization("o-example");
        let reason = bench.unknown(&RULE);
        assert!(reason.ends_with(
            "whether it admits every role of every account of AWS hangs on `aws:SourceIp`"
        ));
    }

    #[test]
    fn a_guard_on_the_caller_and_a_denial_of_all_others_pass() {
        for conditions in [
            "StringEquals aws:PrincipalTag/Team ads",
            "StringEquals aws:PrincipalAccount 111122223333",
        ] {
            assert_eq!(trusting(conditions).faults(&RULE), [], "{conditions}");
        }
        let denial = r#"{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":
            {"StringNotEquals":{"aws:PrincipalTag/Team":"ads"}}}"#;
        let denied = [admit("AWS *", "").as_str(), denial].join(",");
        let denied = Bench::of([role("ads", "ads").trusting(&denied)]);
        assert_eq!(denied.faults(&RULE), []);
    }
}
