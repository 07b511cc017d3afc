use crate::finding::Fault;
use crate::graph::Estate;
use crate::settings::Context;
use crate::subject::rule::rule;

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
        node.trust().iter().filter_map(move |kept| {
            let names = kept.statement.named();
            let id = names.iter().find_map(|it| it.gone().map(str::to_owned))?;
            Some(kept.fault(node, &format!("`{id}` was deleted")))
        })
    });
    faults.collect()
}
