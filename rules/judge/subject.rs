//! What a finding says of its resource, and the one place where a fault becomes a finding.

use jiff::Timestamp;

use crate::estate::{
    Account, AccountId, Application, Arn, ReadScope, ReadScopes, Region, Scope, Service,
};
use crate::finding::{
    Failing, Fault, Finding, Fingerprint, Remediation, Remedy, RuleId, Severity, Verdict,
};
use crate::judge::activity::Group;
use crate::remedy::written;
use crate::settings::Context;
use crate::subject::application::ApplicationSubject;
use crate::subject::rule::{Reads, Rule};

/// What a finding says of its resource.
pub(super) struct Subject<'a> {
    account: AccountId,
    region: Region,
    resource: Arn,
    team: Option<String>,
    /// What the fingerprint is made of beside the rule: a resource, and a part of it before the fault's.
    identity: (Arn, String),
    group: Option<String>,
    created_at: Option<Timestamp>,
    read_from: ReadScopes,
    /// The application that edits are made to.
    application: Option<&'a Application>,
}

impl<'a> Subject<'a> {
    /// An application.
    pub(super) fn application(
        judged: &ApplicationSubject<'a>,
        account: &Account,
        cx: &Context<'_>,
    ) -> Self {
        let application = judged.application;
        Self {
            team: cx.policy.team(&application.tags).map(str::to_owned),
            application: Some(application),
            ..Self::of(
                account.id.clone(),
                application.region.clone(),
                Service::EmrServerless,
                application.arn.clone(),
            )
        }
    }

    /// The latest of a group, whose identity is the group's.
    pub(super) fn latest<T>(
        group: &Group<'a, T>,
        account: &Account,
        (arn, created_at): (&Arn, Option<Timestamp>),
        team: Option<&str>,
        cx: &Context<'_>,
    ) -> Self {
        let of_application = Self::application(group.application, account, cx);
        let name = group.name.clone().into_owned();
        Self {
            resource: arn.clone(),
            team: team.map(str::to_owned).or(of_application.team),
            identity: (of_application.resource, format!("{name}\0")),
            group: Some(name),
            created_at,
            application: None,
            ..of_application
        }
    }

    /// What came of reading a scope, which stands in findings as all resources of its service there.
    pub(super) fn scope(account: &Account, scope: &Scope) -> Self {
        let (id, region) = (account.id.clone(), scope.region.clone());
        Self::of(id, region, scope.service, scope_arn(account, scope))
    }

    /// A role, a policy or a statement: the fault names what is to blame.
    pub(super) fn blamed(resource: &Arn) -> Self {
        let account = AccountId::from(resource.account());
        let read_from = ReadScope::resource(resource).into_iter().collect();
        Self::read(account, Region::global(), resource.clone(), read_from)
    }

    /// What an exemption is for, which is of `home` where that is of several accounts.
    pub(super) fn exempted(resource: Arn, home: &AccountId, read_from: ReadScopes) -> Self {
        let account = resource.account();
        let account = AccountId::is_valid(account).then(|| AccountId::from(account));
        let account = account.unwrap_or_else(|| home.clone());
        Self::read(account, Region::global(), resource, read_from)
    }

    /// What a service has in a Region.
    fn of(account: AccountId, region: Region, service: Service, resource: Arn) -> Self {
        let own = ReadScope {
            account: account.clone(),
            region: region.clone(),
            service,
            resource: Some(resource.clone()),
        };
        Self::read(account, region, resource, std::iter::once(own).collect())
    }

    fn read(account: AccountId, region: Region, resource: Arn, read_from: ReadScopes) -> Self {
        Self {
            account,
            region,
            identity: (resource.clone(), String::new()),
            resource,
            team: None,
            group: None,
            created_at: None,
            read_from,
            application: None,
        }
    }

    /// The finding that a fault of it comes to; nothing where the rule is switched off.
    pub(super) fn finding(
        self,
        rule: &'static Rule,
        fault: Fault,
        cx: &Context<'_>,
    ) -> Option<Finding> {
        let severity = severity(rule, &fault, cx)?;
        let (verdict, evidence) = match fault.verdict {
            Verdict::Pass => return None,
            Verdict::Fail(evidence) => (Failing::Fail, evidence),
            Verdict::Unknown(reason) => (Failing::Unknown, reason),
        };
        let roles = ReadScope::roles_of(self.account.clone());
        let id = RuleId::from(rule.id);
        let (whole, before) = &self.identity;
        Some(Finding {
            fingerprint: Fingerprint::new(&id, whole, &format!("{before}{}", fault.part)),
            rule: id,
            severity,
            verdict,
            read_from: self
                .read_from
                .and((rule.reads == Reads::Roles).then_some(roles))
                .and(fault.read_from),
            account: self.account,
            region: self.region,
            resource: self.resource,
            group: self.group,
            created_at: self.created_at,
            team: fault.team.or(self.team),
            title: rule.title().to_owned(),
            evidence,
            // Of what can't be told there is nothing to mend.
            remediation: match (verdict, fault.remedy) {
                (Failing::Unknown, _) | (_, Remedy::None) => Remediation::default(),
                (Failing::Fail, Remedy::Written(remediation)) => remediation,
                (Failing::Fail, Remedy::Edits(edits)) => self
                    .application
                    .map_or_else(Remediation::default, |application| {
                        written(application, &edits)
                    }),
            },
        })
    }
}

/// The organization's word counts most, then the fault's, then the rule's.
fn severity(rule: &'static Rule, fault: &Fault, cx: &Context<'_>) -> Option<Severity> {
    let severity = rule.severity_in(cx.policy)?;
    let set = Some(severity).filter(|set| *set != rule.severity);
    Some(set.or(fault.severity).unwrap_or(rule.severity))
}

fn scope_arn(account: &Account, scope: &Scope) -> Arn {
    if scope.service == Service::Sts {
        return account.arn.clone();
    }
    let (partition, service, id) = (account.arn.partition(), scope.service, &account.id);
    let region = if scope.region == Region::global() {
        ""
    } else {
        scope.region.as_str()
    };
    Arn::from(format!("arn:{partition}:{service}:{region}:{id}:*"))
}
