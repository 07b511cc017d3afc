use crate::finding::{Fault, Severity};
use crate::iam::{Effect, Issuer, Principal};
use crate::settings::Context;
use crate::subject::rule::rule;
use crate::subject::statement::Stated;
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

fn check(stated: &Stated<'_>, _: &Context<'_>) -> Option<Fault> {
    let statement = stated.statement;
    if !stated.is_trust() || stated.holder.team.is_none() || statement.effect == Effect::Deny {
        return None;
    }
    named(stated)
        .iter()
        .find_map(|principal| web(stated, principal).or_else(|| saml(stated, principal)))
}

fn web(stated: &Stated<'_>, principal: &Principal) -> Option<Fault> {
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

fn saml(stated: &Stated<'_>, principal: &Principal) -> Option<Fault> {
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
