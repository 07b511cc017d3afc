//! Which faults cost lineage, tried on whole configurations.

use std::collections::BTreeMap;

use crate::finding::RuleId;
use crate::lineage::Standing;
use crate::settings::Context;
use crate::settings::{Policy, RuleSettings};
use crate::subject::application::ApplicationSubject;
use crate::subject::application::bench::with;

const BUNDLE: &str = "s3://b/spark-3.5-spline-agent-bundle_2.12-2.2.0.jar";
const NAME: &str = "spark.spline.lineageDispatcher";

fn standing(changes: &[(&str, Option<&str>)], policy: &Policy) -> Standing {
    let cx = Context {
        policy,
        ..Context::example()
    };
    let application = with(changes);
    ApplicationSubject::new(&application, policy, crate::catalogue::lineage_checks())
        .setup
        .standing(&cx)
}

fn asking_for(minimum: &str, destination: &str) -> Policy {
    let mut policy = Policy::default();
    policy.rules.agent_outdated.minimum = Some(minimum.into());
    policy.rules.dispatcher_unapproved.destinations = vec![destination.into()];
    policy
}

#[test]
fn what_only_policy_forbids_leaves_lineage() {
    let policy = asking_for("2.2.3", "https://other/*");
    let jars = [("spark.jars", Some(BUNDLE))];
    assert_eq!(standing(&jars, &policy), Standing::With);
    let stray = format!(
        "{},io.openlineage.spark.agent.OpenLineageSparkListener",
        crate::spark::SPLINE_LISTENER
    );
    let listeners = [("spark.sql.queryExecutionListeners", Some(stray.as_str()))];
    assert_eq!(standing(&listeners, &Policy::default()), Standing::With);
}

#[test]
fn what_the_same_rules_find_may_cost_it_all_the_same() {
    let policy = asking_for("2.2.3", "https://lineage.example.internal/*");
    let never_published = BUNDLE.replace("2.2.0", "2.1.0");
    for change in [
        ("spark.jars", Some(never_published.as_str())),
        (NAME, Some("console")),
    ] {
        assert_eq!(
            standing(&[change], &policy),
            Standing::Without,
            "{change:?}"
        );
    }
}

#[test]
fn a_rule_that_is_switched_off_decides_as_before() {
    let mut policy = Policy::default();
    let rule = RuleId::from("spline-dispatcher-unapproved");
    let off = RuleSettings {
        enabled: false,
        ..RuleSettings::default()
    };
    let console = [(NAME, Some("console"))];
    assert_eq!(standing(&console, &policy), Standing::Without);
    policy.rules.settings = BTreeMap::from([(rule, off)]);
    assert_eq!(standing(&console, &policy), Standing::Without);
}
