use crate::finding::Fault;
use crate::settings::Context;
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;
use crate::subject::takeover::{Place, Way, of_others};

rule! {
    /// A role may rewrite another team's application
    ///
    /// Flags statements by which a role of a team may change an application of another team in its account with
    /// `emr-serverless:UpdateApplication`. A condition on `aws:ResourceTag` counts as a guard. A `[[sharing]]` of the
    /// application, and teams that are `shared`, are not a crossing. Applications that were not read leave it unknown.
    /// A grant that hangs on conditions which can't be known is not told.
    ///
    /// ## Why it matters
    /// The application's `runtimeConfiguration` is what each later job run and session starts from. Whoever sets it
    /// puts code of its own into them (`spark.archives` with an environment variable that the interpreter reads at
    /// its start, `spark.jars`), and that code runs as the other team's execution role: no `iam:PassRole` is asked.
    ///
    /// How sure it is: it is what AWS documents of the defaults of an application, and `HackTricks` Cloud describes the
    /// way step by step; Lineward has not tried it. The application must not be started at that moment, and the run
    /// must not set the same keys itself.
    ///
    /// ## How to fix
    /// Let the team change its own applications alone: require `aws:ResourceTag/Team` to be its name.
    ///
    /// Source: EMR Serverless User Guide, "Default application configuration for EMR Serverless"; `HackTricks` Cloud,
    /// "AWS - EMR Serverless & EMR on EKS Privesc", on `emr-serverless:UpdateApplication`.
    "application-rewritable", Critical, Role { check }, tells: Crossing
}

const WAYS: [Way; 1] = [Way {
    action: "emr-serverless:UpdateApplication",
    on: Place::Application,
    is_open: |_| true,
}];

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    of_others(holder, inventory, cx, &WAYS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{
        Account, Application, Cause, Gap, InlinePolicy, Region, Role, Scope, Service, Slice,
    };
    use crate::finding::Verdict;
    use crate::iam::Inventory;

    fn faults(application: Option<&str>, condition: &str) -> Vec<Fault> {
        let statement = format!(
            r#"{{"Effect":"Allow","Action":["emr-serverless:UpdateApplication","s3:GetObject"],"Resource":"*"{condition}}}"#
        );
        let gap = Gap {
            operation: "ListApplications".into(),
            resource: None,
            cause: Cause::Denied,
            code: "AccessDeniedException".into(),
            reason: "not authorized".into(),
        };
        let scope = Scope {
            gaps: vec![gap],
            ..Scope::audited(Region::from("eu-west-1"), Service::EmrServerless)
        };
        let applications = application.map(|team| Application {
            tags: [("Team".to_owned(), team.to_owned())].into(),
            ..Application::example()
        });
        let slice = Slice {
            scopes: vec![scope],
            applications: applications.into_iter().collect(),
            roles: vec![Role {
                tags: [("Team".to_owned(), "ads".to_owned())].into(),
                inline_policies: vec![InlinePolicy {
                    name: "update".into(),
                    document: format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#),
                }],
                ..Role::example()
            }],
            ..Slice::new(Account::example())
        };
        let policy = crate::settings::Policy {
            teams: ["ads".to_owned(), "billing".to_owned()].into(),
            ..Context::example().policy.clone()
        };
        let cx = Context {
            policy: &policy,
            ..Context::example()
        };
        let inventory = Inventory::new(&slice, cx.policy, None);
        check(
            &RoleSubject {
                holder: &inventory.roles[0],
                inventory: &inventory,
            },
            &cx,
        )
    }

    #[test]
    fn applications_that_were_not_read_leave_it_unknown_but_for_a_guard() {
        let open = faults(None, "");
        assert!(matches!(open[0].verdict, Verdict::Unknown(_)), "{open:?}");
        let own = r#","Condition":{"StringEquals":{"aws:ResourceTag/Team":"ads"}}"#;
        assert_eq!(faults(None, own), []);
    }

    #[test]
    fn the_remedy_leaves_the_own_applications() {
        let found = faults(Some("billing"), "");
        assert!(matches!(found[0].verdict, Verdict::Fail(_)), "{found:?}");
        let fix = found[0].remedy.written().aws_cli;
        assert!(fix.contains("s3:GetObject"), "{fix}");
        assert!(fix.contains(r#""aws:ResourceTag/Team": "ads""#), "{fix}");
    }
}
