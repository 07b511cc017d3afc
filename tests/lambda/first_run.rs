//! A scheduled first run on an old estate opens one incident, and the rest once somebody chose.

use lineward_sandbox::{IncidentState, Options, Sandbox};
use serde_json::json;

use crate::bed::{configuration, invoke};

fn open(sandbox: &Sandbox) -> Vec<String> {
    let incidents = sandbox.pagerduty().incidents.into_iter();
    let open = incidents.filter(|incident| incident.state == IncidentState::Triggered);
    open.map(|incident| incident.summary).collect()
}

#[test]
fn one_incident_asks_and_the_rest_waits_for_the_choice() {
    let options = Options {
        denied: 0,
        suspended: 0,
        ..Options::default()
    };
    for chooses_to_page in [true, false] {
        let sandbox = Sandbox::start(options.clone()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let text = configuration(&sandbox, folder.path());
        let asks = text.replace("grace = '0s'", "grace = '0s'\nmax_events = 3");
        let scheduled = json!({});
        let first = invoke(&sandbox, folder.path(), &asks, &scheduled);
        assert_eq!(first["notification"]["opened"], 1);
        assert!(first["notification"]["held"].as_u64().unwrap() > 3);
        let [question] = open(&sandbox).try_into().unwrap();
        assert!(question.contains("until you choose"), "{question}");
        invoke(&sandbox, folder.path(), &asks, &scheduled);
        assert_eq!(sandbox.pagerduty().events.len(), 1);
        if chooses_to_page {
            let pages = text.replace("grace = '0s'", "grace = '0s'\nfirst_run = 'page'");
            invoke(&sandbox, folder.path(), &pages, &scheduled);
            assert!(open(&sandbox).len() > 3);
        } else {
            let baseline = json!({ "task": "audit", "baseline": true });
            invoke(&sandbox, folder.path(), &asks, &baseline);
            assert_eq!(sandbox.pagerduty().events.len(), 1);
            invoke(&sandbox, folder.path(), &asks, &scheduled);
            assert_eq!(open(&sandbox).len(), 0);
        }
        assert!(!open(&sandbox).contains(&question));
    }
}
