//! A finding as it is stored. Ledgers from before `read_from` name a service and other accounts instead.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Failing, Finding, Fingerprint, Remediation, RuleId, Severity};
use crate::estate::{AccountId, Arn, ReadScope, ReadScopes, Region, Service};

#[derive(Deserialize)]
pub(super) struct StoredFinding {
    fingerprint: Fingerprint,
    rule: RuleId,
    severity: Severity,
    verdict: Failing,
    account: AccountId,
    region: Region,
    resource: Arn,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    created_at: Option<Timestamp>,
    #[serde(default)]
    read_from: Option<ReadScopes>,
    /// Of an older ledger: the service whose scope was to be read.
    #[serde(default)]
    service: Option<Service>,
    /// Of an older ledger: the accounts whose roles were to be read.
    #[serde(default)]
    needs: Vec<AccountId>,
    #[serde(default)]
    team: Option<String>,
    title: String,
    evidence: String,
    #[serde(default)]
    remediation: Remediation,
}

impl StoredFinding {
    /// What an older ledger says that it hangs on.
    fn older(&self) -> ReadScopes {
        let own = self.service.and_then(|service| {
            let is_listed = self.resource.as_str().contains(":organizations:");
            // An exemption of the configuration, which every run reads.
            if service == Service::Organizations && !is_listed {
                return None;
            }
            let named = ReadScope::resource(&self.resource).filter(|it| it.service == service);
            let application = self.resource.application().filter(|_| self.group.is_some());
            let resource = application.unwrap_or_else(|| self.resource.clone());
            Some(ReadScope {
                account: self.account.clone(),
                region: named.map_or_else(|| self.region.clone(), |it| it.region),
                service,
                resource: Some(resource),
            })
        });
        let needs = self.needs.iter().cloned().map(ReadScope::roles_of);
        own.into_iter().chain(needs).collect()
    }
}

impl From<StoredFinding> for Finding {
    fn from(stored: StoredFinding) -> Self {
        let read_from = stored.read_from.clone();
        Self {
            read_from: read_from.unwrap_or_else(|| stored.older()),
            fingerprint: stored.fingerprint,
            rule: stored.rule,
            severity: stored.severity,
            verdict: stored.verdict,
            account: stored.account,
            region: stored.region,
            resource: stored.resource,
            group: stored.group,
            created_at: stored.created_at,
            team: stored.team,
            title: stored.title,
            evidence: stored.evidence,
            remediation: stored.remediation,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// What a finding of an older ledger hangs on, with these fields.
    fn read_from(fields: &Value) -> Vec<ReadScope> {
        let mut stored = json!({
            "fingerprint": "0123456789abcdef", "rule": "boundary-reachable", "severity": "critical",
            "verdict": "fail", "account": "111122223333", "region": "global", "service": "iam",
            "resource": "arn:aws:iam::111122223333:role/ads", "title": "", "evidence": "",
        });
        let more = fields.as_object().unwrap().clone();
        stored.as_object_mut().unwrap().extend(more);
        let finding: Finding = serde_json::from_value(stored).unwrap();
        let again = serde_json::from_value(serde_json::to_value(&finding).unwrap());
        assert_eq!(finding, again.unwrap());
        finding.read_from.into_iter().collect()
    }

    #[test]
    fn an_older_ledger_names_a_service_and_other_accounts() {
        let role = ReadScope::resource(&Arn::from("arn:aws:iam::111122223333:role/ads")).unwrap();
        let other = ReadScope::roles_of("222233334444");
        let found = read_from(&json!({ "needs": ["222233334444"] }));
        assert_eq!(found, [role, other]);
    }

    #[test]
    fn an_older_finding_on_a_job_hangs_on_its_application() {
        let application = "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00f1";
        let of_application = ReadScope::resource(&Arn::from(application)).unwrap();
        let found = read_from(&json!({
            "service": "emr-serverless", "region": "eu-west-1", "group": "nightly",
            "resource": format!("{application}/jobruns/1"),
        }));
        assert_eq!(found, std::slice::from_ref(&of_application));
        // The exemption that a tag gives is of no Region, but its resource is.
        let found = read_from(&json!({ "service": "emr-serverless", "resource": application }));
        assert_eq!(found, [of_application]);
    }

    #[test]
    fn an_older_exemption_of_the_configuration_hangs_on_nothing() {
        assert_eq!(read_from(&json!({ "service": "organizations" })), []);
        let list = "arn:aws:organizations::111122223333:*";
        let found = read_from(&json!({ "service": "organizations", "resource": list }));
        assert_eq!(found.len(), 1);
    }
}
