//! What the tests of rules on roles and policies have in common: accounts of roles, written in a few words.

mod commands;
mod words;

use serde_json::json;

use crate::catalogue::{spoofable, unreliable, untagged};
use crate::estate::{
    Account, AccountId, Application, ManagedPolicy, Region, Role, Scope, Service, Slice,
};
use crate::finding::{Fault, Verdict};
use crate::graph::{Edges, Estate};
use crate::iam::Inventory;
use crate::settings::{Context, Policy};
use crate::subject::role::{ManagedPolicySubject, RoleSubject};
use crate::subject::rule::{Check, Rule};
use crate::subject::statement::StatementSubject;

pub(crate) use words::{
    HOME, admit, admit_jobs, allow, application, arn, deny, managed, role, role_in,
};

/// Accounts of roles under the settings that they are judged by: the teams are `ads` and `billing`, and all
/// accounts of the organization are known.
#[derive(Debug)]
pub(crate) struct Bench {
    slices: Vec<Slice>,
    policy: Policy,
    organization: Option<&'static str>,
    is_whole: bool,
}

impl Bench {
    /// Roles, each in its account.
    pub(crate) fn of(roles: impl IntoIterator<Item = Role>) -> Self {
        let mut bench = Self {
            slices: Vec::new(),
            policy: Context::example().policy.clone(),
            organization: None,
            is_whole: true,
        };
        bench.slice(HOME);
        for role in roles {
            bench.slice(role.arn.account()).roles.push(role.clone());
        }
        bench
    }

    fn slice(&mut self, account: &str) -> &mut Slice {
        let mut all = self.slices.iter();
        let place = all.position(|slice| slice.account.id.as_str() == account);
        let place = place.unwrap_or_else(|| {
            let account = Account::new("aws", AccountId::from(account), "");
            let mut slice = Slice::new(account);
            let scope = Scope::audited(Region::global(), Service::Iam);
            slice.scopes.push(scope);
            self.slices.push(slice);
            self.slices.len() - 1
        });
        &mut self.slices[place]
    }

    /// With managed policies.
    pub(crate) fn policies(mut self, policies: impl IntoIterator<Item = ManagedPolicy>) -> Self {
        self.slice(HOME).policies.extend(policies);
        self
    }

    /// With applications.
    pub(crate) fn applications(mut self, all: impl IntoIterator<Item = Application>) -> Self {
        self.slice(HOME).applications.extend(all);
        self
    }

    /// With an account whose roles were not read.
    pub(crate) fn unread(mut self, account: &str) -> Self {
        self.slice(account).scopes.clear();
        self
    }

    /// Where the organization's id is known.
    pub(crate) fn of_organization(mut self, id: &'static str) -> Self {
        self.organization = Some(id);
        self
    }

    /// Where the organization's accounts could not all be listed.
    pub(crate) fn partial(mut self) -> Self {
        self.is_whole = false;
        self
    }

    /// Where one team agreed to let another come in.
    pub(crate) fn agreed(mut self, from: &str, to: &str) -> Self {
        let sharing = json!({
            "from": from, "to": to, "resource": "*",
            "owner": "platform", "reason": "tested", "expires": "2100-01-01",
        });
        let sharing = serde_json::from_value(sharing).unwrap();
        self.policy.sharing.push(sharing);
        self
    }

    /// With a team whose roles serve all others.
    pub(crate) fn shared(self, team: &str) -> Self {
        self.under(|policy| policy.shared_teams.extend([team.to_owned()]))
    }

    /// Under other settings.
    pub(crate) fn under(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    /// What a rule finds in all accounts.
    pub(crate) fn faults(&self, rule: &Rule) -> Vec<Fault> {
        let cx = Context {
            policy: &self.policy,
            organization: self.organization,
            ..Context::example()
        };
        let slices = self.slices.iter();
        let inventories: Vec<_> = slices
            .map(|slice| Inventory::new(slice, &self.policy, self.organization))
            .collect();
        if let Check::Estate { check } = rule.check {
            let read = self.slices.iter().zip(&inventories);
            let edges = read.map(|(slice, inventory)| Edges {
                spoofable: spoofable(inventory, &cx),
                unreliable: unreliable(inventory, &cx),
                untagged: untagged(inventory, &cx),
                ..Edges::of(inventory, slice.has_all_roles(), &cx)
            });
            let edges: Vec<_> = edges.collect();
            return check(&Estate::new(&edges, self.is_whole, &cx), &cx);
        }
        let faults = inventories.iter();
        faults
            .flat_map(|inventory| of_account(rule, inventory, &cx))
            .collect()
    }

    /// The only fault that a rule finds.
    pub(crate) fn fault(&self, rule: &Rule) -> Fault {
        let mut faults = self.faults(rule);
        assert_eq!(faults.len(), 1, "{faults:#?}");
        faults.remove(0)
    }

    /// The evidence of the only fault.
    pub(crate) fn evidence(&self, rule: &Rule) -> String {
        let fault = self.fault(rule);
        let Verdict::Fail(evidence) = fault.verdict else {
            panic!("{fault:?}");
        };
        evidence
    }

    /// Why the only fault can't be told.
    pub(crate) fn unknown(&self, rule: &Rule) -> String {
        let fault = self.fault(rule);
        let Verdict::Unknown(reason) = fault.verdict else {
            panic!("{fault:?}");
        };
        reason
    }

    /// The accounts after the commands that mend the only fault, of which the rule then finds nothing.
    pub(crate) fn mended(mut self, rule: &Rule) -> Self {
        let commands = self.fault(rule).remedy.written().aws_cli;
        assert_ne!(commands, "");
        self.run(&commands);
        assert_eq!(self.faults(rule), [], "after {commands}");
        self
    }
}

fn of_account(rule: &Rule, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    match rule.check {
        Check::Role { check } => {
            let roles = inventory.roles.iter();
            roles
                .flat_map(|holder| check(&RoleSubject { holder, inventory }, cx))
                .collect()
        }
        Check::ManagedPolicy { check } => {
            let policies = inventory.policies.iter();
            policies
                .flat_map(|policy| check(&ManagedPolicySubject { policy, inventory }, cx))
                .collect()
        }
        Check::Statement { check } => {
            let all = StatementSubject::all(inventory);
            all.flat_map(|stated| check(&stated, cx)).collect()
        }
        Check::Lineage { .. }
        | Check::Application { .. }
        | Check::JobRun { .. }
        | Check::Session { .. }
        | Check::Configuration { .. }
        | Check::Estate { .. }
        | Check::Exemption { .. }
        | Check::Scope { .. } => panic!("{} is not a rule on roles and policies", rule.id),
    }
}
