use crate::finding::Fault;
use crate::finding::Severity;
use crate::iam::{Effect, Holder, Inventory, Principal, Principals};
use crate::remedy::tag_role;
use crate::settings::Context;
use crate::subject::evidence;
use crate::subject::rule::rule;

rule! {
    /// The role carries no team tag
    ///
    /// Flags roles that EMR Serverless may assume without the tag that names their team (`[teams] tag`, `Team`
    /// by default), or with an empty one. It is high for a role that such a role of the account is named to
    /// assume: what it holds is some team's data. Roles that are judged only since they can pass or assume
    /// others, as an administrator's can, are no team's and not flagged; what passes through them is said by
    /// `boundary-reachable`.
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

fn check(holder: &Holder<'_>, inventory: &Inventory<'_>, cx: &Context<'_>) -> Vec<Fault> {
    let key = &cx.policy.team_tag;
    let is_data = is_data(holder, inventory);
    let evidence = match cx.policy.team(&holder.role.tags) {
        None if holder.is_execution || is_data => format!("has no tag `{key}`"),
        Some(team) if team.trim().is_empty() => format!("its tag `{key}` is empty"),
        Some(_) | None => return Vec::new(),
    };
    let fix = tag_role(holder.role, key, "<team>");
    let fault = evidence::of_role(holder, evidence).mended_by(fix);
    if is_data {
        return vec![fault.of_severity(Severity::High)];
    }
    vec![fault]
}

/// Whether jobs become this role, rather than run with it.
fn is_data(holder: &Holder<'_>, inventory: &Inventory<'_>) -> bool {
    let trust = holder.trust.iter().flat_map(|it| &it.document.statements);
    let mut allows = trust.filter(|it| it.effect == Effect::Allow && it.is_about("sts:AssumeRole"));
    let runs_jobs = |it: &Principal| {
        let Principal::Identity(arn) = it else {
            return false;
        };
        inventory.find(arn).is_some_and(|it| it.is_execution)
    };
    let admits = allows.any(|it| {
        let principals = it.principals.iter();
        principals.flat_map(Principals::list).any(runs_jobs)
    });
    admits && !holder.is_execution
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Account, Arn, Role, Slice};

    fn faults(tags: &[(&str, &str)], trust: &str) -> Vec<Fault> {
        let tags = tags
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()));
        let role = Role {
            arn: Arn::from("arn:aws:iam::111122223333:role/judged"),
            tags: tags.collect(),
            trust: trust.into(),
            ..Role::example()
        };
        let slice = Slice {
            roles: vec![role, Role::example()],
            ..Slice::new(Account::example())
        };
        let cx = Context::example();
        let inventory = Inventory::new(&slice, cx.policy, None);
        check(&inventory.roles[0], &inventory, &cx)
    }

    fn trusts(principal: &str) -> String {
        format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}}}}}"#
        )
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
    fn a_role_that_jobs_become_is_worse() {
        let named = format!(r#"{{"AWS":"{}"}}"#, Role::example().arn);
        let faults = faults(&[], &trusts(&named));
        assert_eq!(faults[0].severity, Some(Severity::High));
    }

    #[test]
    fn an_administrators_role_is_no_teams() {
        for principal in [
            r#"{"AWS":"111122223333"}"#,
            r#"{"AWS":"arn:aws:iam::999999999999:role/pipeline"}"#,
            r#"{"Service":"airflow.amazonaws.com"}"#,
        ] {
            assert_eq!(faults(&[], &trusts(principal)), [], "{principal}");
        }
    }
}
