//! Asks what is known of the organization as a whole.

use lineward_rules::estate::{Account, Gap, Organization, Region, Scope, Service, Slice};

use super::accounts::NOT_IN_USE;
use super::connection::retry_partition;
use super::gap::{incomplete, is_of_authorization};
use super::patience::{Deadline, Patience};
use super::{Connection, Plan};

/// What came of asking for the organization.
#[derive(Debug)]
pub struct OrganizationAnswer {
    /// The organization; empty where there is none, or none is known.
    pub organization: Organization,
    /// Whether AWS says that there is none, and no earlier run knew of one.
    pub is_absent: bool,
    /// The slice that says that it could not be read.
    pub unread: Option<Slice>,
}

impl OrganizationAnswer {
    const fn of(organization: Organization) -> Self {
        Self {
            organization,
            is_absent: false,
            unread: None,
        }
    }
}

/// Asks for the organization. What an earlier run was told stands in where AWS doesn't say, and where
/// applications are looked at alone, since the quota is one call a second and events come in bursts.
///
/// Where neither knows, a slice says so: without the organization's id trust can't be judged for sure.
pub async fn organization(connection: &Connection, plan: &Plan) -> OrganizationAnswer {
    let known = &plan.known.organization;
    let is_known = !known.id.is_empty();
    if is_known && !plan.only.is_empty() {
        return OrganizationAnswer::of(known.clone());
    }
    let gap = match describe(connection, plan).await {
        Ok(organization) if !is_known || !organization.id.is_empty() => {
            return OrganizationAnswer {
                is_absent: organization.id.is_empty(),
                ..OrganizationAnswer::of(organization)
            };
        }
        // The list of accounts is asked for all the same, and says whether the account has left.
        Ok(_) => return OrganizationAnswer::of(known.clone()),
        Err(gap) => gap,
    };
    tracing::warn!(
        code = gap.code,
        is_known,
        "the organization was not described"
    );
    if is_known {
        return OrganizationAnswer::of(known.clone());
    }
    let is_tolerated = is_of_authorization(&gap) && !plan.needs_organization;
    OrganizationAnswer {
        unread: (!is_tolerated).then(|| unread(connection, gap)),
        ..OrganizationAnswer::of(Organization::default())
    }
}

async fn describe(connection: &Connection, plan: &Plan) -> Result<Organization, Gap> {
    const DESCRIBE: &str = "DescribeOrganization";
    let config = aws_sdk_organizations::config::Builder::from(&connection.config)
        .retry_partition(retry_partition());
    let client = aws_sdk_organizations::Client::from_conf(config.build());
    let patience = Patience::new(Deadline::of_walk(plan));
    let call = client.describe_organization().send();
    let answer = match patience.ask(DESCRIBE, None, call).await {
        Ok(answer) => answer,
        Err(failure) if failure.gap.code == NOT_IN_USE => return Ok(Organization::default()),
        Err(failure) => return Err(failure.gap),
    };
    let organization = answer.organization.and_then(|it| {
        Some(Organization {
            id: it.id.filter(|id| !id.is_empty())?,
            management_account: it.master_account_id.unwrap_or_default(),
        })
    });
    organization.ok_or_else(|| incomplete(DESCRIBE, "the answer holds no organization"))
}

fn unread(connection: &Connection, gap: Gap) -> Slice {
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
