//! Whether a role may pass another to EMR Serverless.

use crate::iam::context::Known;
use crate::iam::document::Effect;
use crate::iam::evaluate::Request;
use crate::iam::inventory::{EMR_SERVERLESS, Grant, Holder, Inventory, SUBMIT};

/// How a role's tags count when it is passed. AWS documents conditions on them as unreliable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tags {
    /// As if the request held them.
    Honoured,
    /// As if nobody could tell whether the request holds them.
    Unknown,
}

/// The key that holds the service which a role is passed to.
pub const PASSED_TO: &str = "iam:PassedToService";

impl Inventory<'_> {
    /// The request to pass a role to a service.
    pub fn pass_to<'b>(
        &'b self,
        holder: &'b Holder<'_>,
        target: &'b Holder<'_>,
        service: &'b str,
        tags: Tags,
    ) -> Request<'b> {
        let role = target.role;
        let mut request = self.request(holder, "iam:PassRole", role.arn.as_str(), &role.tags);
        request.context = request.context.with(PASSED_TO, service);
        if tags == Tags::Unknown {
            for key in ["aws:ResourceTag/", "iam:ResourceTag/"] {
                request.context.set(key, Known::Unknown);
            }
        }
        request
    }

    /// The request to pass a role to EMR Serverless, and what the passing role's policies make of it.
    pub fn pass<'b>(
        &'b self,
        holder: &'b Holder<'_>,
        target: &'b Holder<'_>,
        tags: Tags,
    ) -> (Request<'b>, Grant<'b>) {
        let request = self.pass_to(holder, target, EMR_SERVERLESS, tags);
        let granted = holder.may(&request);
        (request, granted)
    }

    /// The ARNs of a team's own roles that EMR Serverless may assume, for a remedy; or else a path for them.
    pub fn own_execution_roles(&self, team: &str) -> Vec<String> {
        let own = self.roles.iter();
        let own = own.filter(|it| it.is_execution && it.team == Some(team));
        let own: Vec<_> = own.map(|it| it.role.arn.to_string()).collect();
        if own.is_empty() {
            let partition = self.account.arn.partition();
            return vec![format!(
                "arn:{partition}:iam::{}:role/emr/{team}/*",
                self.account.id
            )];
        }
        own
    }
}

impl Holder<'_> {
    /// Whether any statement allows it to start code in an application, of whatever team.
    pub fn starts_jobs(&self) -> bool {
        let statements = self.policies.iter().flat_map(|it| &it.document.statements);
        let mut allows = statements.filter(|it| it.effect == Effect::Allow);
        allows.any(|it| SUBMIT.iter().any(|action| it.is_about(action)))
    }

    /// Whether a statement may allow an action on a resource, so that making a request of it makes sense.
    pub fn may_reach(&self, action: &str, resource: &str) -> bool {
        self.policies
            .iter()
            .flat_map(|it| &it.document.statements)
            .any(|it| it.effect == Effect::Allow && it.is_about(action) && it.may_cover(resource))
    }

    /// Whether any of its policies speaks of an action, so that asking them makes sense.
    pub fn speaks_of(&self, action: &str) -> bool {
        self.policies
            .iter()
            .flat_map(|it| &it.document.statements)
            .any(|it| it.is_about(action))
    }
}
