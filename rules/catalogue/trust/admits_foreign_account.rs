use crate::estate::ReadScope;
use crate::finding::Fault;
use crate::graph::Estate;
use crate::graph::stranger::asks_external_id;
use crate::iam::Effect;
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

fn check(estate: &Estate<'_>, _: &Context<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for node in estate.nodes.iter().filter(|it| it.team.is_some()) {
        for kept in node.trust() {
            if kept.statement.effect == Effect::Deny {
                continue;
            }
            let trust = node.trust().iter().map(|it| &it.statement);
            let is_vendor = asks_external_id(&kept.statement, &trust);
            let foreign = estate.foreign(kept).next().map(str::to_owned);
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
