//! `lineward releases`: the matrix, and which labels of an estate it doesn't know.

use lineward_sandbox::Options;

use crate::harness::Bed;

#[test]
fn the_matrix_is_listed_with_its_date() {
    let bed = Bed::new(Options::default());
    let run = bed.run(&["releases"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.starts_with("# read on 20"), "{}", run.stdout);
    let line = run
        .stdout
        .lines()
        .find(|line| line.starts_with("emr-7.1.0 "));
    let line = line.unwrap_or_default();
    assert!(
        line.contains("Spark 3.5.0") && line.contains("Scala 2.12"),
        "{line}"
    );
}

#[test]
fn labels_of_an_estate_that_are_not_known_are_named_until_they_are_added() {
    let bed = Bed::new(Options::default());
    let written = bed.run(&["audit", "--format", "json", "--output", "report.json"]);
    let path = bed.path().join("report.json");
    let report = std::fs::read_to_string(&path).unwrap();
    assert!(report.contains("\"emr-7.1.0\""), "{}", written.stderr);
    let strange = report.replace("\"emr-7.1.0\"", "\"emr-9.9.0\"");
    std::fs::write(&path, strange).unwrap();
    let run = bed.run(&["releases", "--check", "report.json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(
        run.stdout.lines().any(|line| line == "emr-9.9.0"),
        "{}",
        run.stdout
    );
    let added = "[[release]]\nlabel = 'emr-9.9.0'\nspark = '4.2.0'\nscala = '2.13'\n";
    std::fs::write(bed.path().join("releases.toml"), added).unwrap();
    let run = bed.run(&[
        "releases",
        "--config",
        "releases.toml",
        "--check",
        "report.json",
    ]);
    assert!(!run.stdout.contains("emr-9.9.0"), "{}", run.stdout);
    let none = bed.run(&["releases", "--check", "nothing.json"]);
    assert_eq!((none.code, none.stdout.as_str()), (2, ""));
}

#[test]
fn without_a_file_the_last_report_of_the_store_is_asked() {
    let bed = Bed::new(Options::default());
    let none = bed.run(&["releases", "--check", "--store", "file:./empty"]);
    assert_eq!((none.code, none.stdout.as_str()), (2, ""));
    assert!(
        none.stderr.contains("there is no report"),
        "{}",
        none.stderr
    );
    let report = bed.run(&["audit", "--format", "json"]);
    assert!(report.stdout.contains("\"emr-7.1.0\""), "{}", report.stderr);
    std::fs::write(bed.path().join("report.json"), &report.stdout).unwrap();
    let named = bed.run(&["releases", "--check", "report.json"]);
    let last = bed.run(&["releases", "--check"]);
    assert_eq!((last.code, last.stdout), (named.code, named.stdout));
}

#[test]
fn the_data_of_a_build_is_told_with_its_version_and_in_each_report() {
    let bed = Bed::new(Options::default());
    let short = bed.run(&["--version"]);
    assert_eq!(short.stdout.lines().count(), 1, "{}", short.stdout);
    for flags in [
        ["--version", "--verbose"],
        ["--verbose", "--version"],
        ["-V", "-v"],
    ] {
        let long = bed.run(&flags);
        assert_eq!(long.code, 0);
        for name in ["releases", "agents", "iam"] {
            let mut lines = long.stdout.lines();
            let line = lines
                .find(|line| line.starts_with(name))
                .unwrap_or_default();
            assert!(line.contains("read on 20"), "{}", long.stdout);
        }
    }
    let report = bed.run(&["audit", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    let releases = bed.run(&["releases"]).stdout;
    let day = report["run"]["data"]["releases"].as_str().unwrap();
    assert!(releases.starts_with(&format!("# read on {day}\n")));
    for name in ["agents", "iam"] {
        assert!(report["run"]["data"][name].is_string(), "{name}");
    }
}
