use crate::fault::Fault;
use crate::graph::Estate;
use crate::iam::{Principal, Principals};
use crate::rule::{Context, rule};

rule! {
    /// A trust policy names somebody who is gone
    ///
    /// Flags roles of a team whose trust policy holds the unique id (`AROA…`, `AIDA…`) that IAM leaves of a
    /// role or user that was deleted.
    ///
    /// ## Why it matters
    /// A role of the same name that was made since is not admitted: what relied on it fails. And the policy no
    /// longer says who was meant.
    ///
    /// ## How to fix
    /// Name the role again, or take the id out.
    ///
    /// Source: IAM User Guide, "AWS JSON policy elements: Principal".
    "trust-principal-dead", Low, Estate { check }
}

fn check(estate: &Estate<'_>, _: &Context<'_>) -> Vec<Fault> {
    let nodes = estate.nodes.iter().filter(|it| it.team.is_some());
    let faults = nodes.flat_map(|node| {
        node.trust().into_iter().filter_map(move |kept| {
            let names = kept
                .statement
                .principals
                .as_ref()
                .map_or(&[][..], Principals::list);
            let id = names.iter().find_map(|it| match it {
                Principal::Gone(id) => Some(id.clone()),
                Principal::Anyone
                | Principal::Account(_)
                | Principal::Identity(_)
                | Principal::Service(_)
                | Principal::Federated(_)
                | Principal::CanonicalUser(_) => None,
            })?;
            Some(kept.fault(node, &format!("`{id}` was deleted")))
        })
    });
    faults.collect()
}
