use crate::fault::Fault;
use crate::finding::Severity;
use crate::iam::{Effect, Holder, Inventory, Principal, Principals};
use crate::remediation::tag_role;
use crate::rule::{Context, rule};

rule! {
    /// The role carries no team tag
    ///
    /// Flags roles in scope without the tag that names their team (`[teams] tag`, `Team` by default), or with
    /// an empty one. It is high for a data role: one that AWS principals may assume and EMR Serverless may
    /// not. Roles of AWS services and of IAM Identity Center are not judged; for a role that serves no team
    /// there are `[teams] shared` and `[[exemption]]`.
    ///
    /// ## Why it matters
    /// A policy that compares team tags can't hold the role apart from other teams, and a guard that lets a
    /// missing tag pass lets everybody in.
    ///
    /// ## How to fix
    /// Tag the role with its team.
    ///
    /// Source: IAM User Guide, "Tags for AWS Identity and Access Management resources".
    "role-team-missing", Medium, Role { check }
}

fn check(holder: &Holder<'_>, _: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let key = &cx.policy.team_tag;
    let evidence = match cx.policy.team(&holder.role.tags) {
        None => format!("has no tag `{key}`"),
        Some(team) if team.trim().is_empty() => format!("its tag `{key}` is empty"),
        Some(_) => return Vec::new(),
    };
    let fix = tag_role(holder.role, key, "<team>");
    let fault = Fault::of_role(holder, evidence).mended_by(fix);
    if is_data(holder) {
        return vec![fault.of_severity(Severity::High)];
    }
    vec![fault]
}

/// Whether others become this role, rather than run jobs with it.
fn is_data(holder: &Holder<'_>) -> bool {
    let trust = holder.trust.iter().flat_map(|it| &it.document.statements);
    let mut allows = trust.filter(|it| it.effect == Effect::Allow && it.is_about("sts:AssumeRole"));
    let is_aws = |it: &Principal| {
        matches!(
            it,
            Principal::Anyone | Principal::Account(_) | Principal::Identity(_)
        )
    };
    let admits = allows.any(|it| {
        let principals = it.principals.iter();
        principals.flat_map(Principals::list).any(is_aws)
    });
    admits && !holder.is_execution
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Account, Role, Slice};

    fn faults(tags: &[(&str, &str)], trust: &str) -> Vec<Fault> {
        let tags = tags
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()));
        let role = Role {
            tags: tags.collect(),
            trust: trust.into(),
            ..Role::example()
        };
        let slice = Slice {
            roles: vec![role],
            ..Slice::new(Account::example())
        };
        let cx = Context::example();
        let inventory = Inventory::new(&slice, cx.policy, None);
        check(&inventory.roles[0], &inventory, &cx)
    }

    #[test]
    fn a_tag_in_any_case_passes_and_an_empty_one_fails() {
        let trust = Role::example().trust;
        assert_eq!(faults(&[("team", "ads")], &trust), []);
        for tags in [&[][..], &[("Team", " ")], &[("Owner", "ads")]] {
            let faults = faults(tags, &trust);
            assert_eq!(faults.len(), 1, "{tags:?}");
            assert_eq!(faults[0].severity, None);
        }
    }

    #[test]
    fn a_role_that_others_become_is_worse() {
        let of = |principal: &str| {
            let trust = format!(
                r#"{{"Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}}}}}"#
            );
            faults(&[], &trust)[0].severity
        };
        assert_eq!(of(r#"{"AWS":"111122223333"}"#), Some(Severity::High));
        assert_eq!(of(r#"{"Service":"airflow.amazonaws.com"}"#), None);
        let both = r#"{"AWS":"111122223333","Service":"emr-serverless.amazonaws.com"}"#;
        assert_eq!(of(both), None);
        assert_eq!(of(r#"{"AWS":"AROAEXAMPLE"}"#), None);
    }
}
