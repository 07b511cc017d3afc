//! The evaluator gives the verdicts that an independent one gave, on the cases that were recorded.

#[path = "../examples/evaluate/case.rs"]
mod case;

use case::Case;

#[test]
fn recorded_cases_have_the_oracles_verdict() {
    let mut count = 0;
    for line in include_str!("iam_cases.jsonl").lines() {
        let recorded: serde_json::Value = serde_json::from_str(line).unwrap();
        let case: Case = serde_json::from_str(line).unwrap();
        assert_eq!(case.verdict().unwrap(), recorded["expected"], "{}", case.id);
        count += 1;
    }
    assert!(count > 100);
}
