//! The roles that are kept, with all the policies that decide what they may do.

use std::collections::BTreeMap;

use lineward_sandbox::{Account, Block, Cause, Options};
use serde_json::{Value, json};

use crate::harness::{Bed, found};

fn options() -> Options {
    Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    }
}

/// What `collect` wrote of each account, by its id.
fn collected(bed: &Bed) -> BTreeMap<String, Value> {
    bed.run(&["collect", "-o", "estate.jsonl"]);
    let text = std::fs::read_to_string(bed.path().join("estate.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let slices = lines.filter(|line: &Value| line["account"].is_object());
    let by_id = |slice: Value| (slice["account"]["id"].as_str().unwrap().to_owned(), slice);
    slices.map(by_id).collect()
}

fn list<'a>(slice: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    slice[name].as_array().into_iter().flatten()
}

/// The gaps of an account's IAM: operation, resource, and whether it was asked for at all.
fn gaps(slice: &Value) -> Vec<(&str, &str, bool)> {
    let iam = list(slice, "scopes").find(|scope| scope["service"] == "iam");
    let gaps = list(iam.unwrap(), "gaps");
    gaps.map(|gap| {
        let text = |key: &str| gap[key].as_str().unwrap();
        let asked = !text("reason").starts_with("not asked for");
        (text("operation"), text("resource"), asked)
    })
    .collect()
}

/// The accounts in which somebody has a permissions boundary.
fn bounded(account: &Account) -> bool {
    account.roles.iter().any(|role| role.boundary.is_some())
}

fn block(bed: &Bed, which: fn(&Account) -> bool, operation: &str, cause: Cause) -> String {
    bed.sandbox.update(|organization| {
        let mut accounts = organization.accounts.values_mut();
        let account = accounts.find(|it| !it.roles.is_empty() && which(it));
        let account = account.unwrap();
        account.blocks.push(Block {
            region: None,
            service: "iam".into(),
            operation: Some(operation.into()),
            cause,
        });
        account.id.clone()
    })
}

#[test]
fn roles_that_are_not_judged_are_counted_and_the_report_says_so() {
    let bed = Bed::new(options());
    let under = |path: &str| {
        bed.sandbox.view(|organization| {
            let roles = organization.accounts.values().flat_map(|it| &it.roles);
            roles.filter(|role| role.arn.contains(path)).count()
        })
    };
    let (all, linked) = (under(""), under(":role/aws-service-role/"));
    let (center, other) = (under(":role/aws-reserved/sso."), under("-function-role"));
    assert!(linked > 0 && center > 0 && other > 0);
    let (_, report) = bed.audit(&[]);
    let summary = &report["summary"];
    let expected =
        json!({ "service_linked": linked, "identity_center": center, "out_of_scope": other });
    assert_eq!(summary["roles_excluded"], expected);
    let judged = all - linked - center - other;
    assert_eq!(summary["roles"], judged);
    let told = format!(
        " {judged} roles ({linked} service-linked, {center} of Identity Center and {other} out of scope left out)"
    );
    let table = bed.run(&["audit"]).stdout;
    assert!(table.contains(&told), "{table}");

    bed.configure("[teams]\nscope = 'all'\n");
    let (_, report) = bed.audit(&[]);
    assert_eq!(report["summary"]["roles"], judged + other);
    assert_eq!(report["summary"]["roles_excluded"]["out_of_scope"], 0);
}

#[test]
fn a_role_that_a_job_ran_as_is_kept_with_its_policies() {
    let bed = Bed::new(options());
    let account = bed.sandbox.update(|organization| {
        let mut accounts = organization.accounts.values_mut();
        let account = accounts.find(|account| {
            let mut applications = account.applications.values().flat_map(BTreeMap::values);
            let mut roles = account.roles.iter();
            roles.any(|it| it.name.contains("-function-"))
                && applications.any(|it| !it.job_runs.is_empty())
        });
        let account = account.unwrap();
        let role = account
            .roles
            .iter()
            .find(|it| it.name.contains("-function-"));
        let role = role.unwrap().arn.clone();
        let applications = account.applications.values_mut();
        let mut applications = applications.flat_map(BTreeMap::values_mut);
        let runs = &mut applications.find(|it| !it.job_runs.is_empty());
        let run = runs.as_mut().unwrap().job_runs.values_mut().next();
        run.unwrap()["executionRole"] = json!(role);
        account.id.clone()
    });
    let slices = collected(&bed);
    let slice = &slices[&account];
    assert!(list(slice, "roles").any(|role| role["name"] == "cost-report-function-role"));
    assert_eq!(slice["excluded_roles"]["out_of_scope"], 0);
    let of_aws = list(slice, "policies").find(|it| it["name"] == "AWSLambdaBasicExecutionRole");
    assert_eq!(of_aws.unwrap().get("tags"), None);
}

#[test]
fn a_snapshot_holds_the_policies_of_its_roles_and_no_others_with_their_tags() {
    let bed = Bed::new(options());
    let slices = collected(&bed);
    let mut boundaries = 0;
    for slice in slices.values() {
        let mut held: Vec<_> = list(slice, "roles")
            .flat_map(|role| list(role, "attached_policies").chain(role.get("boundary")))
            .filter(|arn| !arn.is_null())
            .collect();
        held.sort_by_key(|arn| arn.as_str());
        held.dedup();
        let policies: Vec<_> = list(slice, "policies").collect();
        let read: Vec<_> = policies.iter().map(|policy| &policy["arn"]).collect();
        assert_eq!(read, held);
        let team = list(slice, "roles")
            .next()
            .map(|role| &role["tags"]["Team"]);
        for policy in policies {
            assert_eq!(Some(&policy["tags"]["Team"]), team);
            let document: Value =
                serde_json::from_str(policy["document"].as_str().unwrap()).unwrap();
            assert!(document["Statement"].is_array());
            boundaries += usize::from(policy["name"].as_str().unwrap().ends_with("-boundary"));
        }
        assert_eq!(gaps(slice), []);
    }
    assert!(boundaries > 0);
    let calls = bed.sandbox.calls().operations;
    assert_eq!(calls["iam:GetPolicy"], boundaries as u64);
    assert_eq!(calls["iam:GetPolicyVersion"], boundaries as u64);
}

#[test]
fn tags_that_may_not_be_read_are_a_gap_of_each_policy_and_nothing_else_is_lost() {
    for cause in [Cause::AccessDenied, Cause::ServiceControlPolicy] {
        let bed = Bed::new(options());
        let whole = collected(&bed);
        let account = block(&bed, |_| true, "ListPolicyTags", cause);
        bed.sandbox.reset_calls();
        let slices = collected(&bed);
        let slice = &slices[&account];
        let policies = list(slice, "policies").filter(|it| it.get("tags").is_none());
        let untagged: Vec<_> = policies.map(|it| it["arn"].as_str().unwrap()).collect();
        assert_eq!(untagged.len(), 3);
        let expected: Vec<_> = untagged
            .iter()
            .enumerate()
            .map(|(index, arn)| ("ListPolicyTags", *arn, index == 0))
            .collect();
        assert_eq!(gaps(slice), expected);
        let calls = bed.sandbox.calls();
        let least = bed.sandbox.least_calls(None).operations;
        for name in ["iam:ListPolicyTags", "iam:GetPolicy"] {
            assert_eq!(calls.operations[name], least[name]);
        }
        let calls = bed.sandbox.calls_by_account();
        assert_eq!(calls[&account]["iam:ListPolicyTags"], 1);
        assert_eq!(slice["roles"], whole[&account]["roles"]);
        let others = |slices: &BTreeMap<String, Value>| {
            let others = slices.iter().filter(|(id, _)| **id != account);
            let parts =
                others.map(|(_, slice)| [slice["roles"].clone(), slice["policies"].clone()]);
            parts.collect::<Vec<_>>()
        };
        assert_eq!(others(&slices), others(&whole));
        let (code, report) = bed.audit(&[]);
        assert_eq!((code, found(&report)), (3, bed.planted()));
    }
}

#[test]
fn a_boundary_that_may_not_be_read_is_a_gap_and_its_role_stays() {
    for operation in ["GetPolicy", "GetPolicyVersion"] {
        let bed = Bed::new(options());
        let account = block(&bed, bounded, operation, Cause::AccessDenied);
        let slices = collected(&bed);
        let slice = &slices[&account];
        let role = list(slice, "roles").find(|role| role["boundary"].is_string());
        let boundary = role.unwrap()["boundary"].as_str().unwrap();
        assert_eq!(gaps(slice), [(operation, boundary, true)]);
        assert!(list(slice, "policies").all(|policy| policy["tags"].is_object()));
        let (code, report) = bed.audit(&[]);
        let mut expected = bed.planted();
        let untold = [
            "boundary-unproven",
            "unknown",
            account.as_str(),
            "global",
            "",
        ];
        expected.insert(untold.map(str::to_owned));
        assert_eq!((code, found(&report)), (3, expected));
    }
}

#[test]
fn all_pages_of_roles_and_of_tags_are_read_and_secrets_put_out_of_sight() {
    let bed = Bed::new(options());
    let account = bed.sandbox.update(|organization| {
        let mut accounts = organization.accounts.values_mut();
        let account = accounts.find(|account| !account.roles.is_empty()).unwrap();
        let tags = &mut account.policies[0].tags;
        tags.extend((0..6).map(|number| (format!("note-{number}"), number.to_string())));
        tags.push(("db-password".into(), "hunter2-in-the-clear".into()));
        account.id.clone()
    });
    let whole = collected(&bed);
    bed.sandbox.reset_calls();
    bed.sandbox
        .set_options(|options| options.page_size = Some(3));
    let slices = collected(&bed);
    for (id, slice) in &slices {
        for part in ["roles", "excluded_roles", "policies"] {
            assert_eq!(slice[part], whole[id][part]);
        }
    }
    let policies = list(&slices[&account], "policies");
    let tags = policies.map(|policy| policy["tags"].as_object().unwrap());
    let tags = tags.max_by_key(|tags| tags.len()).unwrap();
    assert_eq!((tags.len(), &tags["note-5"]), (8, &json!("5")));
    assert!(
        tags["db-password"]
            .as_str()
            .unwrap()
            .starts_with("[redacted")
    );
    let calls = bed.sandbox.calls_by_account();
    assert_eq!(calls[&account]["iam:ListPolicyTags"], 2 + 3);
}

/// Lets the execution role of one account's team assume the data role of another's, by both sides, and gives
/// the accounts of the two.
fn open_boundary(bed: &Bed) -> (String, String) {
    bed.sandbox.update(|organization| {
        let has = |part: &'static str| {
            move |account: &&Account| account.roles.iter().any(|it| it.name.ends_with(part))
        };
        let accounts = organization.accounts.values();
        let data = accounts.clone().find(has("-data-role")).unwrap();
        let (owner, team) = (data.id.clone(), data.team.clone());
        let mut others = accounts.filter(|it| it.team != team);
        let caller = others.find(has("-execution-role")).unwrap().id.clone();
        let role = |account: &str, part: &str| {
            let roles = organization.accounts[account].roles.iter();
            let mut roles = roles.filter(|it| it.name.ends_with(part));
            roles.next().unwrap().arn.clone()
        };
        let (from, to) = (role(&caller, "-execution-role"), role(&owner, "-data-role"));
        let statement = |key: &str, value: Value| {
            let mut statement = json!({ "Effect": "Allow", "Action": "sts:AssumeRole" });
            statement[key] = value;
            json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
        };
        for account in organization.accounts.values_mut() {
            for it in &mut account.roles {
                if it.arn == from {
                    let document = statement("Resource", json!(to));
                    it.inline.push(("crossing".into(), document));
                }
                if it.arn == to {
                    it.trust = statement("Principal", json!({ "AWS": from }));
                }
            }
        }
        (caller, owner)
    })
}

#[test]
fn a_boundary_that_is_open_across_accounts_is_found_and_resolved_only_when_both_were_read() {
    let bed = Bed::new(options());
    let (caller, owner) = open_boundary(&bed);
    let status = |report: &Value| {
        let rows = report["findings"].as_array().unwrap().iter();
        let mut rows = rows.filter(|it| it["rule"] == "assume-reaches-other-team");
        let row = rows.next().unwrap();
        assert_eq!(
            (&row["account"], &row["severity"]),
            (&json!(caller), &json!("critical"))
        );
        row["status"].as_str().unwrap().to_owned()
    };
    let (_, report) = bed.audit(&[]);
    assert_eq!(status(&report), "new");

    // Mended, but the other account doesn't let its roles be read.
    bed.sandbox.update(|organization| {
        let account = organization.accounts.get_mut(&caller).unwrap();
        for role in &mut account.roles {
            role.inline.retain(|(name, _)| name != "crossing");
        }
        let account = organization.accounts.get_mut(&owner).unwrap();
        account.blocks.push(Block {
            region: None,
            service: "iam".into(),
            operation: Some("GetAccountAuthorizationDetails".into()),
            cause: Cause::AccessDenied,
        });
    });
    let (_, report) = bed.audit(&[]);
    assert_eq!(status(&report), "unseen");

    bed.sandbox.update(|organization| {
        let account = organization.accounts.get_mut(&owner).unwrap();
        account.blocks.clear();
    });
    let (_, report) = bed.audit(&[]);
    assert_eq!(status(&report), "resolved");
}
