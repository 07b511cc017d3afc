//! Asks what is known of the organization as a whole.

use lineward_rules::estate::{Account, Gap, Organization, Region, Scope, Service, Slice};

use super::accounts::{NOT_IN_USE, is_refusal};
use super::connection::retry_partition;
use super::gap::gap;
use super::{Connection, Plan};

/// Asks for the organization. `known` is what an earlier run was told: it stands in where AWS doesn't say, and
/// where applications are looked at alone, since the quota is one call a second and events come in bursts.
///
/// Where neither knows, a slice says so: without the organization's id trust can't be judged for sure.
pub async fn organization(
    connection: &Connection,
    plan: &Plan,
    known: &Organization,
) -> (Organization, Option<Slice>) {
    let is_known = !known.id.is_empty();
    if is_known && !plan.only.is_empty() {
        return (known.clone(), None);
    }
    let gap = match describe(connection).await {
        Ok(organization) => return (organization, None),
        Err(gap) => gap,
    };
    tracing::warn!(
        code = gap.code,
        is_known,
        "the organization was not described"
    );
    if is_known {
        return (known.clone(), None);
    }
    let is_tolerated = is_refusal(&gap) && !plan.needs_organization;
    let said = (!is_tolerated).then(|| said(connection, gap));
    (Organization::default(), said)
}

async fn describe(connection: &Connection) -> Result<Organization, Gap> {
    let config = aws_sdk_organizations::config::Builder::from(&connection.config)
        .retry_partition(retry_partition());
    let client = aws_sdk_organizations::Client::from_conf(config.build());
    let described = client.describe_organization().send().await;
    let described = described.map_err(|error| gap("DescribeOrganization", None, &error));
    let organization = match described {
        Ok(answer) => answer.organization,
        Err(gap) if gap.code == NOT_IN_USE => None,
        Err(gap) => return Err(gap),
    };
    let organization = organization.map(|it| Organization {
        id: it.id.unwrap_or_default(),
        management_account: it.master_account_id.unwrap_or_default(),
    });
    Ok(organization.unwrap_or_default())
}

fn said(connection: &Connection, gap: Gap) -> Slice {
    let own = Account::new(&connection.partition, connection.own_account.clone(), "");
    let scope = Scope::audited(Region::global(), Service::Organizations);
    Slice {
        scopes: vec![Scope {
            gaps: vec![gap],
            ..scope
        }],
        ..Slice::new(own)
    }
}
