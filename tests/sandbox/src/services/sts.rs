//! AWS STS: the query protocol.

use jiff::{SignedDuration, Timestamp};

use super::{Call, xml};
use crate::operation::{Protocol, Service};
use crate::organization::{Access, AccountState};
use crate::refusal::Refusal;
use crate::wire::answer::Answer;
use crate::wire::authorization::temporary_key;

/// Who the caller is: the auditor in its own account, the member role in all others.
pub(super) fn identity(call: &Call<'_>) -> String {
    let account = &call.account.id;
    if *account == call.organization.auditor_account {
        format!("arn:aws:sts::{account}:assumed-role/lineward-auditor/sandbox")
    } else {
        format!(
            "arn:aws:sts::{account}:assumed-role/{}/sandbox",
            call.options.role
        )
    }
}

pub(super) fn get_caller_identity(call: &Call<'_>) -> Answer {
    xml(call.target.operation, namespace(), |xml| {
        xml.text("Arn", &identity(call));
        xml.text("UserId", "AROALINEWARDSANDBOX00:sandbox");
        xml.text("Account", &call.account.id);
    })
}

/// Gives credentials of another account, if its role, its access and the external id agree.
pub(super) fn assume_role(call: &Call<'_>) -> Result<Answer, Refusal> {
    let role_arn = required(call, "RoleArn")?;
    let session = required(call, "RoleSessionName")?;
    let seconds = duration(call)?;
    let denied = || {
        let who = identity(call);
        let what = "is not authorized to perform: sts:AssumeRole on resource";
        Refusal::denied(Service::Sts, format!("User: {who} {what}: {role_arn}"))
    };
    let (account, role) = split(role_arn)
        .ok_or_else(|| Refusal::new(400, "ValidationError", format!("{role_arn} is invalid")))?;
    let organization = call.organization;
    let entered = organization.accounts.get(account).ok_or_else(denied)?;
    let management = account == organization.management_account;
    let known = role == call.options.role || management && role == call.options.discovery_role;
    let external_id = call.options.external_id.as_deref();
    let agreed = external_id.is_none() || call.target.parameter("ExternalId") == external_id;
    match entered.access {
        Access::AssumeHangs => return Err(Refusal::Hang),
        Access::AssumeDenied | Access::WrongExternalId => return Err(denied()),
        Access::Open => {}
    }
    if !known || !agreed || entered.state == AccountState::Suspended {
        return Err(denied());
    }
    let expires = Timestamp::now() + SignedDuration::from_secs(seconds);
    let user = format!("arn:aws:sts::{account}:assumed-role/{role}/{session}");
    Ok(xml(call.target.operation, namespace(), |xml| {
        xml.open("AssumedRoleUser").text("Arn", &user);
        xml.text("AssumedRoleId", &format!("AROALINEWARDSANDBOX00:{session}"));
        xml.close("AssumedRoleUser").open("Credentials");
        xml.text("AccessKeyId", &temporary_key(account));
        xml.text(
            "SecretAccessKey",
            "sandbox/SecretAccessKeyThatIsNotVerified",
        );
        xml.text("SessionToken", &format!("sandbox-token-of-{account}"));
        xml.text("Expiration", &format!("{expires:.0}"));
        xml.close("Credentials");
    }))
}

fn namespace() -> &'static str {
    match Service::Sts.protocol() {
        Protocol::Query(namespace) => namespace,
        Protocol::Json11 | Protocol::RestJson => "",
    }
}

/// The account and name of a role, whatever its path.
fn split(arn: &str) -> Option<(&str, &str)> {
    let (account, role) = arn.strip_prefix("arn:aws:iam::")?.split_once(":role/")?;
    Some((account, role.rsplit('/').next()?))
}

fn required<'a>(call: &'a Call<'_>, name: &str) -> Result<&'a str, Refusal> {
    call.target.parameter(name).ok_or_else(|| {
        let message = format!("The request must contain the parameter {name}.");
        Refusal::new(400, "MissingParameter", message)
    })
}

fn duration(call: &Call<'_>) -> Result<i64, Refusal> {
    let asked = call.target.parameter("DurationSeconds").unwrap_or("3600");
    let seconds = asked.parse().ok().filter(|it| (900..=43200).contains(it));
    seconds.ok_or_else(|| {
        let message = "DurationSeconds must be between 900 and 43200";
        Refusal::new(400, "ValidationError", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_told_from_its_path() {
        let arn = "arn:aws:iam::111122223333:role/audit/lineward-member";
        assert_eq!(split(arn), Some(("111122223333", "lineward-member")));
        assert_eq!(split("arn:aws:iam::111122223333:user/me"), None);
    }
}
