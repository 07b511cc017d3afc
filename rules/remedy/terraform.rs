//! Edits of an application as the smallest change of its Terraform: what to set, in the block where it stands.

use std::collections::{BTreeMap, BTreeSet};

use super::edited::{SPARK_DEFAULTS, edited};
use super::emr::hcl;
use crate::estate::{Application, Configuration};
use crate::finding::{Attribute, Edit, Piece, Template};
use crate::secrets::is_hidden;

/// The attributes that the edits change.
pub(super) fn attributes(application: &Application, edits: &[Edit]) -> String {
    let mut blocks = Vec::new();
    let after = edited(application, edits);
    for name in classifications(edits) {
        let before = properties(&application.runtime_configuration, name);
        let after = properties(&after.runtime_configuration, name);
        let lines = changed(&before, &after, &holes(edits));
        if !lines.is_empty() {
            blocks.push(format!(
                "runtime_configuration {{\n  classification = {}\n  properties = {{\n    # beside what stands \
                 here\n{}\n  }}\n}}",
                hcl(name),
                lines.join("\n")
            ));
        }
    }
    blocks.extend(edits.iter().filter_map(|edit| match edit {
        Edit::Attribute(Attribute { terraform, .. }) => Some(terraform.clone()),
        Edit::Set { .. }
        | Edit::Unset { .. }
        | Edit::Rename { .. }
        | Edit::Add { .. }
        | Edit::Remove { .. }
        | Edit::Replace { .. }
        | Edit::ByHand(_) => None,
    }));
    blocks.join("\n")
}

fn classifications(edits: &[Edit]) -> BTreeSet<&str> {
    let names = edits.iter().filter_map(|edit| match edit {
        Edit::Set { classification, .. } | Edit::Unset { classification, .. } => {
            Some(classification.as_str())
        }
        Edit::Rename { .. } | Edit::Add { .. } | Edit::Remove { .. } | Edit::Replace { .. } => {
            Some(SPARK_DEFAULTS)
        }
        Edit::Attribute(_) | Edit::ByHand(_) => None,
    });
    names.collect()
}

fn properties<'a>(configurations: &'a [Configuration], name: &str) -> BTreeMap<&'a str, &'a str> {
    let mut configurations = configurations.iter();
    let found = configurations.rfind(|held| held.classification == name);
    let properties = found.into_iter().flat_map(|held| &held.properties);
    properties
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}

/// Each example, and the variable that stands for it.
fn holes(edits: &[Edit]) -> Vec<(String, String)> {
    let templates = edits.iter().filter_map(|edit| match edit {
        Edit::Set { value, .. } => Some(value),
        Edit::Add { entry, .. } => Some(entry),
        Edit::Replace { with, .. } => Some(with),
        Edit::Unset { .. }
        | Edit::Rename { .. }
        | Edit::Remove { .. }
        | Edit::Attribute(_)
        | Edit::ByHand(_) => None,
    });
    let holes = templates.filter(|template| template.all_asked().next().is_some());
    holes
        .map(|template| (template.example(), variable(template)))
        .collect()
}

fn variable(template: &Template) -> String {
    let pieces = template.0.iter().map(|piece| match piece {
        Piece::Text(text) => {
            let quoted = hcl(text);
            quoted.trim_matches('"').to_owned()
        }
        Piece::Asked(asked) => format!("${{var.{}}}", asked.variable.to_lowercase()),
    });
    pieces.collect()
}

fn changed(
    before: &BTreeMap<&str, &str>,
    after: &BTreeMap<&str, &str>,
    holes: &[(String, String)],
) -> Vec<String> {
    let set = after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(*value));
    let set = set.map(|(key, value)| {
        let line = format!("{} = {}", hcl(key), filled(value, holes));
        if is_hidden(value) {
            return format!("    # {line}, with the values that are hidden here");
        }
        format!("    {line}")
    });
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let gone = gone.map(|key| format!("    # take out {}", hcl(key)));
    set.chain(gone).collect()
}

/// The value as a literal, with variables where a person has to supply something.
fn filled(value: &str, holes: &[(String, String)]) -> String {
    let mut literal = hcl(value);
    for (example, variable) in holes {
        let quoted = hcl(example);
        literal = literal.replace(quoted.trim_matches('"'), variable);
    }
    literal
}
