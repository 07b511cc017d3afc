use crate::estate::{Arn, ReadScope};
use crate::finding::Fault;
use crate::graph::stranger::{NO_ORGANIZATION, asks_external_id, by_stranger, stranger};
use crate::graph::{Estate, LocatedStatement, Node};
use crate::iam::{Effect, Known, Principal, Truth};
use crate::settings::Context;
use crate::subject::rule::rule;

rule! {
    /// A trust policy admits somebody outside of the organization
    ///
    /// Flags roles of a team whose trust policy names an account that isn't of the organization, unless an
    /// `sts:ExternalId` is asked for, as vendors do, which not any text meets. Identity
    /// providers are the matter of `trust-provider-unguarded`. Where
    /// the organization's accounts could not all be listed, no account is called foreign.
    ///
    /// ## Why it matters
    /// What somebody outside may do with the team's data can't be seen from here.
    ///
    /// ## How to fix
    /// Take the account out of `Principal`; for a vendor, ask for an external id.
    ///
    /// Source: IAM User Guide, "Access to AWS accounts owned by third parties".
    "trust-admits-foreign-account", High, Estate { check }
}

fn check(estate: &Estate<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for node in estate.nodes.iter().filter(|it| it.team.is_some()) {
        for kept in node.trust() {
            // What lets session tags be passed alone lets nobody in.
            if kept.statement.effect == Effect::Deny || !kept.is_way_in() {
                continue;
            }
            let trust = node.trust().iter().map(|it| &it.statement);
            let is_vendor = asks_external_id(&kept.statement, &trust);
            let mut foreign = estate.foreign(kept);
            let foreign = foreign.find(|account| !is_denied(node, kept, account, cx));
            let foreign = foreign.map(str::to_owned);
            let foreign = foreign.filter(|_| estate.is_whole && !is_vendor);
            if let Some(account) = foreign {
                let evidence =
                    format!("it admits account {account}, which isn't of the organization");
                let listed = ReadScope::organization_of(node.arn.account());
                faults.push(kept.fault(node, &evidence).read_from([listed]));
            }
        }
    }
    faults
}

/// Whether the trust policy denies for sure whomever a statement of it admits of an account of another organization.
fn is_denied(node: &Node, kept: &LocatedStatement, account: &str, cx: &Context<'_>) -> bool {
    let named = kept.statement.named().iter();
    let identities = named.filter_map(|principal| {
        let is_identity = matches!(principal, Principal::Identity(_));
        let arn = principal.aws().filter(|_| is_identity);
        arn.map(Arn::from)
    });
    let mut callers: Vec<_> = identities.filter(|it| it.account() == account).collect();
    if callers.is_empty() {
        callers.push(stranger(node.asked(), account));
    }
    callers.iter().all(|caller| {
        let organization = cx.organization.map(|_| NO_ORGANIZATION);
        let mut request = by_stranger(&kept.statement, node.asked(), caller, organization);
        // Which tags and names its roles have is for the account to say.
        for key in ["aws:PrincipalTag/", "aws:PrincipalArn"] {
            request.context.set(key, Known::Unknown);
        }
        let trust = node.trust().iter().map(|it| &it.statement);
        let mut denials = trust.filter(|it| it.effect == Effect::Deny);
        denials.any(|it| {
            let principals = it.principals.as_ref();
            let is_named = principals.is_some_and(|it| it.names(request.caller).is_some());
            is_named && it.matches(&request) == Truth::True
        })
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::subject::bench::{Bench, admit, role, role_in};

    fn trusting(whom: &str, conditions: &str) -> Bench {
        Bench::of([role("ads", "ads").trusting(&admit(whom, conditions))])
    }

    const FOREIGN: &str = "AWS 999988887777";

    #[test]
    fn an_account_that_is_not_of_the_organization_is_flagged() {
        assert_eq!(
            trusting(FOREIGN, "").evidence(&RULE),
            "trust policy of `ads`, statement 1: it admits account 999988887777, which isn't of the \
             organization"
        );
        let listed = "StringEquals aws:PrincipalAccount 999988887777";
        let told = trusting("AWS *", listed).evidence(&RULE);
        assert!(told.contains("account 999988887777"), "{told}");
    }

    #[test]
    fn no_account_is_foreign_while_the_organization_is_not_known_whole() {
        assert_eq!(trusting(FOREIGN, "").partial().faults(&RULE), []);
    }

    #[test]
    fn an_account_of_the_organization_and_a_vendor_pass() {
        let ours = Bench::of([
            role("ads", "ads").trusting(&admit("AWS 222233334444", "")),
            role_in("222233334444", "billing", "billing"),
        ]);
        assert_eq!(ours.faults(&RULE), []);
        let unread = trusting("AWS 333344445555", "").unread("333344445555");
        assert_eq!(unread.faults(&RULE), []);
        let vendor = trusting(FOREIGN, "StringEquals sts:ExternalId 4711");
        assert_eq!(vendor.faults(&RULE), []);
    }

    #[test]
    fn a_denial_of_the_account_beside_passes() {
        let beside = |denial: &str| {
            let trust = [admit("AWS 999988887777 111122223333", "").as_str(), denial].join(",");
            Bench::of([role("ads", "ads").trusting(&trust)]).of_organization("o-example")
        };
        let deny = |whom: &str, conditions: &str| admit(whom, conditions).replace("Allow", "Deny");
        for denial in [
            deny(FOREIGN, ""),
            deny("AWS *", "StringEquals aws:PrincipalAccount 999988887777"),
            deny("AWS *", "StringNotEquals aws:PrincipalOrgID o-example"),
        ] {
            assert_eq!(beside(&denial).faults(&RULE), [], "{denial}");
        }
        // Its roles may have whatever tags and names.
        for denial in [
            deny("AWS 888877776666", ""),
            deny("AWS arn:aws:iam::999988887777:role/x", ""),
            deny("AWS *", "StringNotEquals aws:PrincipalTag/Team ads"),
            deny(
                "AWS *",
                "ArnNotLike aws:PrincipalArn arn:aws:iam::*:role/ads",
            ),
        ] {
            assert_eq!(beside(&denial).faults(&RULE).len(), 1, "{denial}");
        }
    }

    #[test]
    fn an_identity_provider_is_the_matter_of_another_rule() {
        let provider = "Federated arn:aws:iam::999988887777:saml-provider/idp";
        assert_eq!(trusting(provider, "").faults(&RULE), []);
    }
}
