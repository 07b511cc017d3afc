use crate::fault::Fault;
use crate::graph::Estate;
use crate::rule::{Context, rule};

rule! {
    /// Whoever assumes a role may choose its team tag
    ///
    /// Flags roles whose trust policy lets the caller pass session tags (`sts:TagSession`) without
    /// holding the team's tag to its own value, where a policy of the estate relies on
    /// `aws:PrincipalTag/<team tag>`.
    ///
    /// ## Why it matters
    /// A session tag overrides the role's tag of the same key. Whoever may assume the role says of himself which
    /// team he is of, and every policy that compares the caller's team believes it.
    ///
    /// ## How to fix
    /// Leave `sts:TagSession` out; or ask for
    /// `"StringEquals": {"aws:RequestTag/<team tag>": "<team>"}`, or list in
    /// `"ForAllValues:StringEquals": {"aws:TagKeys": […]}` the keys that may be passed.
    ///
    /// Source: IAM User Guide, "Pass session tags in AWS STS".
    "session-tag-spoofable", High, Estate { check }
}

fn check(estate: &Estate<'_>, _: &Context<'_>) -> Vec<Fault> {
    let mut relying = estate.accounts.iter().filter(|it| it.relies_on_caller_tag);
    let Some(first) = relying.next() else {
        return Vec::new();
    };
    let faults = estate.accounts.iter().flat_map(|it| it.spoofable.clone());
    faults
        .map(|fault| {
            let needs = match fault.resource.account() {
                home if home == first.account => Vec::new(),
                _ => vec![crate::AccountId::from(first.account.as_str())],
            };
            Fault { needs, ..fault }
        })
        .collect()
}
