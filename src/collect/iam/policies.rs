//! What must be asked for policy by policy: whole policies that the pages leave out, and tags.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::Client;
use lineward_rules::estate::{Arn, Cause, Gap, ManagedPolicy};

use super::convert::{decoded, tags};
use crate::collect::gap::malformed;
use crate::collect::pages::{self, Page, Rest, Tokens};
use crate::collect::patience::Patience;

/// Reads policies whole.
pub(super) async fn read(
    client: &Client,
    patience: &Patience,
    arns: BTreeSet<&Arn>,
) -> (Vec<ManagedPolicy>, Vec<Gap>) {
    let ask = |arn| read_one(client, patience, arn);
    each(arns.into_iter().cloned(), ask).await
}

/// Reads the tags of the account's own policies where they aren't known; those of AWS have none.
pub(super) async fn tag(
    client: &Client,
    patience: &Patience,
    policies: &mut [ManagedPolicy],
) -> Vec<Gap> {
    let untagged = policies
        .iter()
        .filter(|policy| policy.tags.is_none() && !is_of_aws(&policy.arn));
    let untagged: BTreeSet<_> = untagged.map(|policy| policy.arn.clone()).collect();
    let (read, gaps) = each(untagged, |arn| tags_of(client, patience, arn)).await;
    let mut read: BTreeMap<_, _> = read.into_iter().collect();
    for policy in policies {
        if let Some(tags) = read.remove(&policy.arn) {
            policy.tags = Some(tags);
        }
    }
    gaps
}

/// Asks for one policy after the other. What is denied for one is not asked for the others, each of
/// which is a gap all the same.
async fn each<T, F: Future<Output = Result<T, Gap>>>(
    arns: impl IntoIterator<Item = Arn>,
    ask: impl Fn(Arn) -> F,
) -> (Vec<T>, Vec<Gap>) {
    let (mut read, mut gaps) = (Vec::new(), Vec::new());
    let mut denied: Option<Gap> = None;
    for arn in arns {
        let answer = match &denied {
            Some(gap) => Err(unasked(arn, gap)),
            None => ask(arn).await,
        };
        match answer {
            Ok(it) => read.push(it),
            Err(gap) => {
                if denied.is_none() && matches!(gap.cause, Cause::Denied | Cause::DeniedByScp) {
                    denied = Some(gap.clone());
                }
                gaps.push(gap);
            }
        }
    }
    (read, gaps)
}

fn unasked(arn: Arn, denied: &Gap) -> Gap {
    let first = denied.resource.as_ref().map_or("another", Arn::as_str);
    Gap {
        resource: Some(arn),
        reason: format!("not asked for, since it was denied for `{first}`"),
        ..denied.clone()
    }
}

async fn read_one(client: &Client, patience: &Patience, arn: Arn) -> Result<ManagedPolicy, Gap> {
    const GET: &str = "GetPolicy";
    let call = client.get_policy().policy_arn(arn.as_str()).send();
    let asked = patience.ask(GET, Some(&arn), call).await;
    let answer = asked.map_err(|failure| failure.gap)?;
    let policy = answer.policy.ok_or_else(|| malformed(GET, &arn))?;
    let version = policy.default_version_id;
    let version = version.ok_or_else(|| malformed(GET, &arn))?;
    Ok(ManagedPolicy {
        name: policy.policy_name.unwrap_or_default(),
        document: document(client, patience, &arn, &version).await?,
        version,
        tags: policy.tags.filter(|_| !is_of_aws(&arn)).map(tags),
        arn,
    })
}

async fn document(
    client: &Client,
    patience: &Patience,
    arn: &Arn,
    version: &str,
) -> Result<String, Gap> {
    const GET: &str = "GetPolicyVersion";
    let call = client.get_policy_version().policy_arn(arn.as_str());
    let call = call.version_id(version).send();
    let asked = patience.ask(GET, Some(arn), call).await;
    let answer = asked.map_err(|failure| failure.gap)?;
    let document = answer.policy_version.and_then(|version| version.document);
    document
        .map(|document| decoded(Some(document)))
        .ok_or_else(|| malformed(GET, arn))
}

async fn tags_of(
    client: &Client,
    patience: &Patience,
    arn: Arn,
) -> Result<(Arn, BTreeMap<String, String>), Gap> {
    const LIST: &str = "ListPolicyTags";
    let ask = |token| {
        let call = client.list_policy_tags().policy_arn(arn.as_str());
        let call = call.set_marker(token).send();
        let arn = &arn;
        async move {
            let answer = patience.ask(LIST, Some(arn), call).await?;
            Ok(Page {
                items: answer.tags,
                rest: Rest::of_truncated(answer.is_truncated, answer.marker),
            })
        }
    };
    let tokens = Tokens::new(LIST, Some(arn.clone()));
    let list = pages::read(tokens, usize::MAX, ask).await;
    match list.failure {
        Some(failure) => Err(failure.gap),
        None => Ok((arn, tags(list.items))),
    }
}

fn is_of_aws(policy: &Arn) -> bool {
    policy.account() == "aws"
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::future::FutureExt as _;

    use super::*;

    /// How often it was asked for three policies of which the second fails, and whose gaps there are.
    fn asked(cause: Cause) -> (usize, Vec<Arn>) {
        let calls = Cell::new(0);
        let arns = ["a", "b", "c"].map(Arn::from);
        let ask = |arn: Arn| {
            calls.set(calls.get() + 1);
            let failure = Gap {
                operation: "ListPolicyTags".into(),
                resource: Some(arn.clone()),
                cause,
                code: "AccessDenied".into(),
                reason: "no".into(),
            };
            let answer = if arn.as_str() == "b" {
                Err(failure)
            } else {
                Ok(())
            };
            std::future::ready(answer)
        };
        let (_, gaps) = each(arns, ask).now_or_never().unwrap();
        let resources = gaps.into_iter().filter_map(|gap| gap.resource);
        (calls.get(), resources.collect())
    }

    #[test]
    fn a_denial_is_a_gap_of_every_policy_that_follows_but_no_call() {
        let both = ["b", "c"].map(Arn::from).to_vec();
        assert_eq!(asked(Cause::Denied), (2, both.clone()));
        assert_eq!(asked(Cause::DeniedByScp), (2, both));
        assert_eq!(asked(Cause::ServerError), (3, vec![Arn::from("b")]));
    }
}
