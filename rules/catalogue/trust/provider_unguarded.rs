use crate::finding::{Fault, Severity};
use crate::iam::{Effect, Issuer, Principal};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::StatementSubject;
use crate::subject::trust::named;

rule! {
    /// A trust policy admits whomever an identity provider vouches for
    ///
    /// Flags roles of a team that a web identity provider or a SAML provider lets in without saying whom: critical
    /// where the provider is public (GitHub, GitLab, Bitbucket, HCP Terraform and others) and no condition
    /// spells out whose identity it must be; high for a provider of one's own, such as that of an EKS cluster,
    /// without a condition on the subject, and for SAML without `SAML:aud`.
    ///
    /// ## Why it matters
    /// Whoever has an account with a public provider may ask it for a token. The audience (`aud`) is chosen by
    /// whoever asks, and keeps nobody out.
    ///
    /// ## How to fix
    /// Compare the subject: `"StringLike": {"token.actions.githubusercontent.com:sub":
    /// "repo:<organization>/<repository>:*"}`. For SAML, ask for
    /// `"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}`.
    ///
    /// Source: IAM User Guide, "Identity-provider controls for shared OIDC providers".
    "trust-provider-unguarded", Critical, Statement { check }
}

fn check(stated: &StatementSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    fault(stated, cx).into_iter().collect()
}

fn fault(stated: &StatementSubject<'_>, _: &Context<'_>) -> Option<Fault> {
    let statement = stated.statement;
    if !stated.is_trust() || stated.holder.team.is_none() || statement.effect == Effect::Deny {
        return None;
    }
    named(stated)
        .iter()
        .find_map(|principal| web(stated, principal).or_else(|| saml(stated, principal)))
}

fn web(stated: &StatementSubject<'_>, principal: &Principal) -> Option<Fault> {
    let issuer = Issuer::of(principal)?;
    let statement = stated.statement;
    let trust = &stated.held.document.statements;
    if !statement.is_about("sts:AssumeRoleWithWebIdentity") || issuer.is_pinned(statement, trust) {
        return None;
    }
    let url = issuer.url;
    Some(match issuer.public_name() {
        Some(name) => stated.fault(&format!(
            "it admits whomever `{url}` ({name}) vouches for, of whatever organization"
        )),
        None => stated
            .fault(&format!("it admits whomever `{url}` vouches for"))
            .of_severity(Severity::High),
    })
}

fn saml(stated: &StatementSubject<'_>, principal: &Principal) -> Option<Fault> {
    let provider = principal
        .federated()
        .filter(|it| it.contains(":saml-provider/"))?;
    let statement = stated.statement;
    let mut conditions = statement
        .conditions
        .iter()
        .filter(|it| it.is_on("SAML:aud"));
    let is_pinned = conditions.any(|it| {
        let is_any = |value: &String| value.chars().all(|it| matches!(it, '*' | '?'));
        it.operator.base.is_text_list() && !it.operator.if_exists && !it.values.iter().any(is_any)
    });
    if !statement.is_about("sts:AssumeRoleWithSAML") || is_pinned {
        return None;
    }
    let evidence =
        format!("it admits whomever `{provider}` vouches for, whatever the assertion was made for");
    Some(stated.fault(&evidence).of_severity(Severity::High))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::finding::Severity;
    use crate::subject::bench::{Bench, admit, role};

    const GITHUB: &str = "oidc-provider/token.actions.githubusercontent.com";
    const CLUSTER: &str = "oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF";
    const SAML: &str = "saml-provider/idp";

    /// A role that whoever a provider vouches for assumes by an action, under conditions.
    fn by(action: &str, provider: &str, conditions: &str) -> Bench {
        let whom = format!("Federated arn:aws:iam::111122223333:{provider}");
        let trust = admit(&whom, conditions).replace("sts:AssumeRole", action);
        Bench::of([role("ads", "ads").trusting(&trust)])
    }

    fn web(provider: &str, conditions: &str) -> Bench {
        by("sts:AssumeRoleWithWebIdentity", provider, conditions)
    }

    fn saml(conditions: &str) -> Bench {
        by("sts:AssumeRoleWithSAML", SAML, conditions)
    }

    #[test]
    fn a_public_provider_that_may_vouch_for_anybody_is_the_worst() {
        let aud = "StringEquals token.actions.githubusercontent.com:aud sts.amazonaws.com";
        for conditions in ["", aud] {
            let bench = web(GITHUB, conditions);
            let told = bench.evidence(&RULE);
            assert!(
                told.starts_with(
                    "trust policy of `ads`, statement 1: it admits whomever \
                     `token.actions.githubusercontent.com` ("
                ),
                "{told}"
            );
            assert_eq!(bench.fault(&RULE).severity, None);
        }
    }

    #[test]
    fn a_provider_of_ones_own_is_high() {
        let bench = web(CLUSTER, "");
        let told = bench.evidence(&RULE);
        assert!(told.ends_with("/id/ABCDEF` vouches for"), "{told}");
        assert_eq!(bench.fault(&RULE).severity, Some(Severity::High));
        let bench = saml("StringLike SAML:aud *");
        let told = bench.evidence(&RULE);
        assert!(
            told.ends_with("whatever the assertion was made for"),
            "{told}"
        );
        assert_eq!(bench.fault(&RULE).severity, Some(Severity::High));
    }

    #[test]
    fn a_subject_and_an_audience_of_saml_pass() {
        let sub = "StringLike token.actions.githubusercontent.com:sub repo:acme/ads:*";
        assert_eq!(web(GITHUB, sub).faults(&RULE), []);
        let sub = "StringEquals oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF:sub \
                   system:serviceaccount:ads:jobs";
        assert_eq!(web(CLUSTER, sub).faults(&RULE), []);
        let aud = "StringEquals SAML:aud https://signin.aws.amazon.com/saml";
        assert_eq!(saml(aud).faults(&RULE), []);
    }

    #[test]
    fn what_no_provider_comes_in_by_and_an_untagged_role_pass() {
        assert_eq!(by("sts:TagSession", GITHUB, "").faults(&RULE), []);
        let trust = admit("Federated accounts.google.com", "");
        let trust = trust.replace("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity");
        let of = |team: &str| Bench::of([role("ads", team).trusting(&trust)]);
        assert_eq!(of("").faults(&RULE), []);
        assert_eq!(of("ads").faults(&RULE).len(), 1);
    }
}
