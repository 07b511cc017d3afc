//! AWS Account Management: which Regions an account has.

use serde_json::{Value, json};

use super::{Call, json as answer};
use crate::organization::Account;
use crate::refusal::Refusal;
use crate::wire::answer::Answer;

/// The Regions of the `aws` partition, and whether one has to opt into them.
const REGIONS: [(&str, bool); 34] = [
    ("af-south-1", true),
    ("ap-east-1", true),
    ("ap-east-2", true),
    ("ap-northeast-1", false),
    ("ap-northeast-2", false),
    ("ap-northeast-3", false),
    ("ap-south-1", false),
    ("ap-south-2", true),
    ("ap-southeast-1", false),
    ("ap-southeast-2", false),
    ("ap-southeast-3", true),
    ("ap-southeast-4", true),
    ("ap-southeast-5", true),
    ("ap-southeast-6", true),
    ("ap-southeast-7", true),
    ("ca-central-1", false),
    ("ca-west-1", true),
    ("eu-central-1", false),
    ("eu-central-2", true),
    ("eu-north-1", false),
    ("eu-south-1", true),
    ("eu-south-2", true),
    ("eu-west-1", false),
    ("eu-west-2", false),
    ("eu-west-3", false),
    ("il-central-1", true),
    ("me-central-1", true),
    ("me-south-1", true),
    ("mx-central-1", true),
    ("sa-east-1", false),
    ("us-east-1", false),
    ("us-east-2", false),
    ("us-west-1", false),
    ("us-west-2", false),
];

/// Whether a Region has to be opted into.
pub(crate) fn is_opt_in(region: &str) -> bool {
    REGIONS.contains(&(region, true))
}

pub(super) fn list_regions(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = &call.target.json;
    let account = asked_for(call)?;
    let asked = body.get("MaxResults").and_then(Value::as_u64);
    let asked = asked.and_then(|size| usize::try_from(size).ok());
    call.within(asked, 50)?;
    let size = call.page_size(asked, 50);
    let start = match body.get("NextToken").and_then(Value::as_str) {
        None => 0,
        Some(token) => token
            .parse()
            .map_err(|_| Refusal::validation("Invalid NextToken"))?,
    };
    let wanted = body
        .get("RegionOptStatusContains")
        .and_then(Value::as_array);
    let mut regions = REGIONS
        .iter()
        .map(|(name, opt_in)| (*name, status(account, name, *opt_in)))
        .filter(|(_, status)| wanted.is_none_or(|it| it.iter().any(|it| it == status)))
        .skip(start);
    let page: Vec<_> = regions
        .by_ref()
        .take(size)
        .map(|(name, status)| json!({ "RegionName": name, "RegionOptStatus": status }))
        .collect();
    let mut body = json!({ "Regions": page });
    if regions.next().is_some() {
        crate::field::set(&mut body, "NextToken", (start + size).to_string().into());
    }
    Ok(answer(&body))
}

/// The account in question: the caller's, or for those who may ask, any.
fn asked_for<'a>(call: &Call<'a>) -> Result<&'a Account, Refusal> {
    let organization = call.organization;
    let denied = || {
        let message = "You do not have sufficient access to perform this action.";
        Refusal::new(403, "AccessDeniedException", message)
    };
    if call.options.list_regions_denied {
        return Err(denied());
    }
    let Some(id) = call.target.json.get("AccountId").and_then(Value::as_str) else {
        return Ok(call.account);
    };
    let trusted = [
        &organization.management_account,
        &organization.auditor_account,
    ];
    let other = organization
        .accounts
        .get(id)
        .filter(|_| trusted.contains(&&call.account.id));
    other.ok_or_else(denied)
}

fn status(account: &Account, region: &str, opt_in: bool) -> &'static str {
    match (opt_in, account.opt_in_regions.contains(region)) {
        (false, _) => "ENABLED_BY_DEFAULT",
        (true, true) => "ENABLED",
        (true, false) => "DISABLED",
    }
}
