//! Edits of an application, written out as commands.
//!
//! The commands read the live application and change only what is wrong in it: what Lineward has read may be
//! old, and secrets in it are out of sight.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::json;

use super::edited::SPARK_DEFAULTS;
use super::emr::{shell, target};
use super::terraform;
use crate::estate::Application;
use crate::finding::{Edit, Piece, Remediation, ShellParameter, Template};

/// The functions of jq that edit a runtime configuration. Of two classifications of one name the last counts.
pub(super) const EDITING: &str = r#"def entries: (. // "") | split(",") | map(gsub("^\\s+|\\s+$"; "")) | map(select(. != ""));
def add($entry): entries | if any(. == $entry) then . else . + [$entry] end | join(",");
def remove($entry): entries | map(select(. != $entry)) | join(",");
def replace($entry; $with): entries | map(if . == $entry then $with else . end) | join(",");
def at($name; f):
  if any(.[]; .classification == $name) then . else . + [{classification: $name, properties: {}}] end
  | (map(.classification) | rindex([$name])) as $place | .[$place].properties |= ((. // {}) | f);
def list($key; f): at("spark-defaults"; .[$key] |= f | if .[$key] == "" then del(.[$key]) else . end);
"#;

/// The edits as commands and as Terraform.
pub fn written(application: &Application, edits: &[Edit]) -> Remediation {
    let notes: String = edits.iter().filter_map(note).collect();
    let is_by_hand = |edit: &Edit| matches!(edit, Edit::ByHand(_));
    if edits.iter().all(is_by_hand) {
        return Remediation {
            aws_cli: notes.trim_end().to_owned(),
            terraform: String::new(),
        };
    }
    Remediation {
        aws_cli: format!("{notes}{}", commands(application, edits)),
        terraform: terraform::attributes(application, edits),
    }
}

/// What only a person can do, as a comment.
pub(super) fn note(edit: &Edit) -> Option<String> {
    let Edit::ByHand(text) = edit else {
        return None;
    };
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    Some(format!("# {text}\n"))
}

/// Commands for a POSIX shell, of which the first that fails is the last: nothing waits for an application
/// that doesn't stop. What may hold secrets is kept where only its owner reads it, and not for long.
fn commands(application: &Application, edits: &[Edit]) -> String {
    let of = target(application);
    let asked: BTreeSet<_> = edits.iter().flat_map(asked).collect();
    let mut text = String::new();
    for ShellParameter { variable, example } in &asked {
        let example: String = example.chars().filter(|letter| is_plain(*letter)).collect();
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            ": \"${{{variable}:?set {variable}, such as {example}}}\" &&"
        );
    }
    let variables = variables(&asked);
    let is_stopped_for_it = edits.iter().any(Edit::needs_a_stop);
    let program = shell(&program(edits));
    let _ = write!(
        text,
        "(umask 077; folder=$(mktemp -d) && trap 'rm -rf \"$folder\"' EXIT && cd \"$folder\" &&\n\
         aws emr-serverless get-application {of} --output json > live.json &&\n\
         jq {variables}{program} live.json > mended.json &&\n\
         jq -S '.application | del(.state)' live.json > before && jq -S '.application + $mended[0] | del(.state)' \
         --slurpfile mended mended.json live.json > after &&\n\
         {{ diff -U1 before after; [ $? -le 1 ]; }} &&\n"
    );
    if is_stopped_for_it {
        let _ = write!(
            text,
            "state=$(jq -r .application.state live.json) &&\n\
             case $state in CREATED|STOPPED) ;; *)\n  \
             # fails while jobs run or wait: let them end first\n  \
             aws emr-serverless stop-application {of} &&\n  \
             until [ \"$(aws emr-serverless get-application {of} --query application.state --output text)\" = \
             STOPPED ]; do sleep 5; done\n\
             esac &&\n"
        );
    }
    let region = shell(application.region.as_str());
    let _ = write!(
        text,
        "aws emr-serverless update-application --region {region} --cli-input-json file://mended.json"
    );
    if is_stopped_for_it {
        let _ = write!(
            text,
            " &&\ncase $state in STARTING|STARTED) aws emr-serverless start-application {of} ;; esac"
        );
    }
    text.push(')');
    text
}

/// Refuses to go on while something isn't supplied.
pub(super) fn demand(asked: &BTreeSet<ShellParameter>) -> String {
    let lines = asked.iter().map(|ShellParameter { variable, example }| {
        let example: String = example.chars().filter(|letter| is_plain(*letter)).collect();
        format!(": \"${{{variable}:?set {variable}, such as {example}}}\" &&\n")
    });
    lines.collect()
}

/// The options that give jq what a person supplies.
pub(super) fn variables(asked: &BTreeSet<ShellParameter>) -> String {
    asked.iter().fold(String::new(), |mut options, asked| {
        // Writing to a string can't fail.
        let _ = write!(options, "--arg {0} \"${0}\" ", asked.variable);
        options
    })
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || " -_./:@+,".contains(letter)
}

/// The request of an update from what is live.
fn program(edits: &[Edit]) -> String {
    let mut steps = Vec::new();
    let mut members = vec!["applicationId".to_owned()];
    for edit in edits {
        if let Edit::Attribute(attribute) = edit {
            members.push(format!("{}: ({})", attribute.member, attribute.program));
        } else if edit.is_of_configuration() {
            steps.push(step(edit));
        }
    }
    let mut text = String::new();
    if !steps.is_empty() {
        EDITING.clone_into(&mut text);
        let steps = steps.join(" |\n  ");
        members.push(format!(
            "runtimeConfiguration: ((.runtimeConfiguration // []) |\n  {steps})"
        ));
    }
    let _ = write!(text, ".application | {{{}}}", members.join(", "));
    text
}

/// What an edit does to a runtime configuration, in jq.
pub(super) fn step(edit: &Edit) -> String {
    match edit {
        Edit::Set {
            classification,
            key,
            value,
        } => {
            let (name, key) = (json!(classification), json!(key));
            format!("at({name}; .[{key}] = {})", jq(value))
        }
        Edit::Unset {
            classification,
            key,
        } => format!("at({}; del(.[{}]))", json!(classification), json!(key)),
        Edit::Rename { key, to } => {
            let (key, to) = (json!(key), json!(to));
            format!(
                "at(\"{SPARK_DEFAULTS}\"; if has({key}) then .[{to}] = .[{key}] | del(.[{key}]) else . end)"
            )
        }
        Edit::Add { key, entry } => format!("list({}; add({}))", json!(key), jq(entry)),
        Edit::Remove { key, entry } => {
            format!("list({}; remove({}))", json!(key), json!(entry))
        }
        Edit::Replace { key, entry, with } => {
            let (key, entry) = (json!(key), json!(entry));
            format!("list({key}; replace({entry}; {}))", jq(with))
        }
        Edit::Attribute(_) | Edit::ByHand(_) => ".".into(),
    }
}

/// A template as an expression of jq.
pub(super) fn jq(template: &Template) -> String {
    let pieces = template.0.iter().map(|piece| match piece {
        Piece::Text(text) => json!(text).to_string(),
        Piece::Asked(asked) => format!("${}", asked.variable),
    });
    let pieces: Vec<_> = pieces.collect();
    match pieces.as_slice() {
        [] => "\"\"".into(),
        [one] => one.clone(),
        many => format!("({})", many.join(" + ")),
    }
}

/// What a person has to supply for an edit.
pub(super) fn asked(edit: &Edit) -> Vec<ShellParameter> {
    match edit {
        Edit::Set { value, .. } => value.all_asked().cloned().collect(),
        Edit::Add { entry, .. } => entry.all_asked().cloned().collect(),
        Edit::Replace { with, .. } => with.all_asked().cloned().collect(),
        Edit::Attribute(attribute) => attribute.asked.clone(),
        Edit::Unset { .. } | Edit::Rename { .. } | Edit::Remove { .. } | Edit::ByHand(_) => {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::Configuration;
    use crate::finding::Attribute;
    use crate::remedy::edited;
    use crate::remedy::pasted::{Pasted, paste};

    fn edits() -> Vec<Edit> {
        vec![
            Edit::add(
                "spark.jars",
                Template::asked("AGENT_JAR", "s3://bucket/agent.jar"),
            ),
            Edit::add("spark.sql.queryExecutionListeners", "a.Listener"),
            Edit::remove("spark.jars", "s3://b/it's.jar"),
            Edit::Replace {
                key: "spark.jars".into(),
                entry: "s3://b/old.jar".into(),
                with: "s3://b/new.jar".into(),
            },
            Edit::Rename {
                key: "spline.mode".into(),
                to: "spark.spline.mode".into(),
            },
            Edit::Unset {
                classification: "core-site".into(),
                key: "spline.mode".into(),
            },
            Edit::set("spark.x", "${HOME} $(id) `id` \\ \"quoted\""),
        ]
    }

    fn application() -> Application {
        Application {
            runtime_configuration: vec![
                Configuration::new("core-site", &[("spline.mode", "DISABLED"), ("a", "b")]),
                Configuration::new(
                    "spark-defaults",
                    &[
                        (
                            "spark.jars",
                            " s3://b/old.jar , s3://b/it's.jar,,s3://b/other.jar",
                        ),
                        ("spline.mode", "ENABLED"),
                        ("spark.token", "live"),
                    ],
                ),
            ],
            ..Application::example()
        }
    }

    #[test]
    fn what_is_pasted_does_what_is_computed() {
        let (application, edits) = (application(), edits());
        let remediation = written(&application, &edits);
        let pasted = paste(
            &application,
            &remediation,
            &[("AGENT_JAR", "s3://bucket/agent.jar")],
        );
        let expected = edited(&application, &edits).runtime_configuration;
        assert_eq!(pasted.configuration, expected, "{}", pasted.output);
        assert_eq!(pasted.state, "STARTED");
        assert_eq!(pasted.calls, ["get", "stop", "get", "update", "start"]);
        let jars = &expected[1].properties["spark.jars"];
        assert_eq!(
            jars,
            "s3://b/new.jar,s3://b/other.jar,s3://bucket/agent.jar"
        );
    }

    #[test]
    fn only_what_changes_is_shown() {
        let pasted = paste(
            &application(),
            &written(&application(), &[Edit::set("spark.x", "y")]),
            &[],
        );
        assert!(
            pasted.output.contains("+        \"spark.x\": \"y\""),
            "{}",
            pasted.output
        );
        assert!(!pasted.output.contains("core-site"), "{}", pasted.output);
    }

    #[test]
    fn nothing_is_called_while_a_value_is_not_given() {
        let remediation = written(&application(), &edits());
        let pasted = paste(&application(), &remediation, &[]);
        assert_eq!(pasted.calls, [""; 0]);
        assert!(
            pasted
                .output
                .contains("set AGENT_JAR, such as s3://bucket/agent.jar")
        );
    }

    #[test]
    fn an_application_is_started_again_only_where_it_was_started() {
        for (state, calls) in [
            ("CREATED", &["get", "update"][..]),
            ("STOPPED", &["get", "update"]),
            ("STARTED", &["get", "stop", "get", "update", "start"]),
        ] {
            let application = Application {
                state: state.into(),
                ..application()
            };
            let remediation = written(&application, &[Edit::set("spark.x", "y")]);
            let Pasted {
                calls: made,
                output,
                ..
            } = paste(&application, &remediation, &[]);
            assert_eq!(made, calls, "{state}: {output}");
        }
    }

    #[test]
    fn a_step_that_fails_is_the_last() {
        let remediation = written(&application(), &[Edit::set("spark.x", "y")]);
        for (failing, calls) in [
            ("get", &["get"][..]),
            ("stop", &["get", "stop"]),
            ("update", &["get", "stop", "get", "update"]),
        ] {
            let pasted = paste(&application(), &remediation, &[("FAILING", failing)]);
            assert_eq!(pasted.calls, calls, "{}", pasted.output);
        }
    }

    #[test]
    fn an_attribute_that_may_change_while_it_runs_stops_nothing() {
        let capacity = Edit::Attribute(Attribute {
            member: "maximumCapacity".into(),
            program: "{cpu: ($VCPU + \" vCPU\")}".into(),
            asked: vec![ShellParameter::new("VCPU", "400")],
            terraform: "maximum_capacity {}".into(),
            while_running: true,
        });
        let remediation = written(&application(), &[capacity]);
        let pasted = paste(&application(), &remediation, &[("VCPU", "8")]);
        assert_eq!(pasted.calls, ["get", "update"], "{}", pasted.output);
        assert_eq!(pasted.configuration, application().runtime_configuration);
        assert!(pasted.output.contains("8 vCPU"), "{}", pasted.output);
    }
}
