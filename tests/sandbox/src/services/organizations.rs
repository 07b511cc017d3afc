//! AWS Organizations: JSON 1.1.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::Call;
use crate::organization::Account;
use crate::refusal::Refusal;
use crate::wire::answer::Answer;
use crate::wire::page::page;

/// Only the management account and a delegated administrator may ask.
fn admit(call: &Call<'_>) -> Result<(), Refusal> {
    let organization = call.organization;
    let known = [
        &organization.management_account,
        &organization.auditor_account,
    ];
    if call.options.organizations_not_in_use {
        let message = "Your account is not a member of an organization.";
        return Err(Refusal::new(
            400,
            "AWSOrganizationsNotInUseException",
            message,
        ));
    }
    if call.options.organizations_denied || !known.contains(&&call.account.id) {
        let message = "You don't have permissions to access this resource.";
        return Err(Refusal::new(400, "AccessDeniedException", message));
    }
    Ok(())
}

pub(super) fn list_accounts(call: &Call<'_>) -> Result<Answer, Refusal> {
    admit(call)?;
    let asked = call.target.json.get("MaxResults").and_then(Value::as_u64);
    let asked = asked.and_then(|size| usize::try_from(size).ok());
    call.within(asked, 20)?;
    let size = call.page_size(asked, 20);
    let token = call.target.json.get("NextToken").and_then(Value::as_str);
    let accounts = &call.organization.accounts;
    let page = page(accounts, token, size, true, |_, it| Some(account(call, it)));
    let page = page.ok_or_else(|| {
        let message = "You provided a value that does not match the required pattern.";
        Refusal::new(400, "InvalidInputException", message)
    })?;
    let mut body = json!({ "Accounts": page.items });
    if let Some(next) = page.next {
        crate::field::set(&mut body, "NextToken", next.into());
    }
    Ok(Answer::json11(StatusCode::OK, &body))
}

fn account(call: &Call<'_>, account: &Account) -> Value {
    json!({
        "Id": account.id,
        "Arn": call.organization.account_arn(&account.id),
        "Email": account.email,
        "Name": account.name,
        "Status": account.state.as_str(),
        "State": account.state.as_str(),
        "Paths": account.paths,
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": account.joined_at.as_second(),
    })
}

pub(super) fn describe_organization(call: &Call<'_>) -> Result<Answer, Refusal> {
    let organization = call.organization;
    if call.options.organizations_not_in_use || call.options.organizations_denied {
        admit(call)?;
    }
    let (id, management) = (&organization.id, &organization.management_account);
    let email = organization.accounts.get(management).map(|it| &it.email);
    Ok(Answer::json11(
        StatusCode::OK,
        &json!({ "Organization": {
            "Id": id,
            "Arn": format!("arn:aws:organizations::{management}:organization/{id}"),
            "FeatureSet": "ALL",
            "MasterAccountArn": organization.account_arn(management),
            "MasterAccountId": management,
            "MasterAccountEmail": email,
            "AvailablePolicyTypes": [],
        } }),
    ))
}
