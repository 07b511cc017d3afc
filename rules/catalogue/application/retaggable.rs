use crate::finding::Fault;
use crate::settings::Context;
use crate::subject::adversary::{Adversary, Target};
use crate::subject::role::RoleSubject;
use crate::subject::rule::rule;
use crate::subject::takeover::{opened_by_tag, other_team};

rule! {
    /// A role may change the team of applications
    ///
    /// Flags statements by which a role of a team may give any team's application of the account, its own
    /// team's among them, another team with `emr-serverless:TagResource`, or take its team away with
    /// `emr-serverless:UntagResource`. Roles of `[teams] shared` are trusted to do so.
    ///
    /// ## Why it matters
    /// Who may submit to an application, and where its findings go, hangs on its team tag. A role that may do to its
    /// own team's applications what it may not to others' calls another's its own first: the evidence says so, as far
    /// as policies go; it was not tried.
    ///
    /// ## How to fix
    /// Leave tagging to a role of the platform. A role that creates applications needs
    /// `emr-serverless:TagResource` to tag them: pin `aws:RequestTag/Team` and `aws:ResourceTag/Team` to its
    /// own team.
    ///
    /// Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EMR
    /// Serverless".
    "application-retaggable", High, Role { check }, tells: Effect
}

fn check(subject: &RoleSubject<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let (holder, inventory) = (subject.holder, subject.inventory);
    let (tag, untag) = ("emr-serverless:TagResource", "emr-serverless:UntagResource");
    let Some(mut adversary) = Adversary::new(holder, inventory, cx, &[tag, untag]) else {
        return Vec::new();
    };
    // What a tag opens is told rather than whose findings it hides.
    for application in inventory.applications {
        if other_team(holder, application, cx).is_some()
            && let Some(opened) = opened_by_tag(holder, inventory, cx, application)
        {
            let target = Target {
                arn: application.arn.as_str(),
                tags: Some(&application.tags),
            };
            adversary.take(tag, target, opened);
        }
    }
    for application in inventory.applications {
        if cx
            .policy
            .team(&application.tags)
            .is_some_and(|it| !it.is_empty())
        {
            let target = Target {
                arn: application.arn.as_str(),
                tags: Some(&application.tags),
            };
            adversary.retag(tag, untag, target);
        }
    }
    adversary.faults()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Account, Application, InlinePolicy, Role, Slice};
    use crate::finding::Verdict;
    use crate::iam::Inventory;
    use crate::subject::bench::{Bench, allow, application, managed, role};

    const BOTH: &str = "emr-serverless:TagResource emr-serverless:UntagResource";

    fn among(statement: &str) -> Bench {
        Bench::of([role("ads", "ads").may(statement)]).applications([
            application("00fads", "ads"),
            application("00fbilling", "billing"),
            application("00funtagged", ""),
        ])
    }

    #[test]
    fn one_statement_is_one_fault_that_counts_the_applications_of_teams() {
        let bench = among(&allow(BOTH, "*", ""));
        let application = "arn:aws:emr-serverless:eu-west-1:111122223333:/applications/00fads";
        assert_eq!(
            bench.evidence(&RULE),
            format!(
                "inline policy `p` of `ads`, statement 1: `arn:aws:iam::111122223333:role/ads` may \
                 emr-serverless:TagResource `{application}` (proven), to make it team `billing`'s; so \
                 may emr-serverless:UntagResource; and so 1 other"
            )
        );
        bench.mended(&RULE);
    }

    #[test]
    fn a_pin_of_the_request_alone_lets_others_applications_be_taken() {
        let pinned = "StringEquals aws:RequestTag/Team ${aws:PrincipalTag/Team}";
        let taken = among(&allow(BOTH, "*", pinned)).evidence(&RULE);
        assert!(
            taken.contains("00fbilling` (proven), to make it team `ads`'s"),
            "{taken}"
        );
    }

    #[test]
    fn tags_of_its_own_applications_pinned_to_its_own_team_pass() {
        let pinned = "StringEquals aws:RequestTag/Team ads; StringEquals aws:ResourceTag/Team ads";
        let pinned = allow("emr-serverless:TagResource", "*", pinned);
        assert_eq!(among(&pinned).faults(&RULE), []);
    }

    #[test]
    fn a_shared_team_may_tag() {
        let bench = among(&allow(BOTH, "*", ""));
        assert_eq!(bench.shared("ads").faults(&RULE), []);
    }

    #[test]
    fn a_boundary_that_was_not_read_may_forbid_it() {
        let boundary = managed("unread", "", "");
        let tagging = role("ads", "ads").may(&allow(BOTH, "*", ""));
        let bench = Bench::of([tagging.bounded_by(&boundary)]);
        let bench = bench.applications([application("00fads", "ads")]);
        assert!(bench.unknown(&RULE).ends_with(
            "unless the role's boundary `arn:aws:iam::111122223333:policy/unread`, which was not \
             read, forbids it"
        ));
    }

    #[test]
    fn the_evidence_says_what_the_tag_opens() {
        let statements = r#"{"Effect":"Allow","Action":"emr-serverless:TagResource","Resource":"*"},
            {"Effect":"Allow","Action":"emr-serverless:UpdateApplication","Resource":"*",
            "Condition":{"StringEquals":{"aws:ResourceTag/Team":"${aws:PrincipalTag/Team}"}}}"#;
        let named = |id: &str, team: &str| Application {
            arn: format!("arn:aws:emr-serverless:eu-west-1:111122223333:/applications/{id}").into(),
            tags: [("Team".to_owned(), team.to_owned())].into(),
            ..Application::example()
        };
        let slice = crate::estate::Slice {
            applications: vec![named("0a", "ads"), named("0b", "billing")],
            roles: vec![Role {
                tags: [("Team".to_owned(), "ads".to_owned())].into(),
                inline_policies: vec![InlinePolicy {
                    name: "tag".into(),
                    document: format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#),
                }],
                ..Role::example()
            }],
            ..Slice::new(Account::example())
        };
        let cx = Context::example();
        let inventory = Inventory::new(&slice, cx.policy, None);
        let faults = check(
            &RoleSubject {
                holder: &inventory.roles[0],
                inventory: &inventory,
            },
            &cx,
        );
        let [fault] = faults.as_slice() else {
            panic!("{faults:?}");
        };
        let Verdict::Fail(evidence) = &fault.verdict else {
            panic!("{fault:?}");
        };
        let opened = "team `ads`'s, and then may emr-serverless:UpdateApplication it";
        assert!(evidence.contains(opened), "{evidence}");
    }
}
