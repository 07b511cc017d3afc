//! What a job or session changes of its application's lineage, in words, and how to undo that alone.

use super::Setup;
use crate::agent::AgentKind;
use crate::estate::Configuration;
use crate::spark::{
    EXTRA_LISTENERS_KEY, JARS_KEY, JAVA_OPTIONS_KEYS, LISTENERS_KEY, Origin, PACKAGES_KEY, Starter,
    Submit, entries, is_spark_defaults,
};

/// The prefixes of the agents' own keys.
const AGENT_PREFIXES: [&str; 4] = [
    "spark.spline.",
    "spark.hadoop.spline.",
    "spark.openlineage.",
    "spark.datahub.",
];

/// What overrides would be if they kept the lineage that the application has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// The classifications.
    pub configuration: Vec<Configuration>,
    /// The submit parameters.
    pub submit: Submit,
}

/// Whether lineage depends on a property.
pub(super) fn is_about_lineage(key: &str) -> bool {
    is_list(key) || is_own_key(key) || JAVA_OPTIONS_KEYS.contains(&key)
}

fn is_list(key: &str) -> bool {
    [JARS_KEY, PACKAGES_KEY, LISTENERS_KEY, EXTRA_LISTENERS_KEY].contains(&key)
}

fn is_own_key(key: &str) -> bool {
    AGENT_PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

/// Whether a rule judges by this property.
fn is_judged_by(rule: &str, key: &str) -> bool {
    if rule.contains("-agent-") || rule.ends_with("-unsupported") {
        [JARS_KEY, PACKAGES_KEY].contains(&key)
    } else if rule.contains("-listener-") {
        [LISTENERS_KEY, EXTRA_LISTENERS_KEY].contains(&key)
    } else {
        is_own_key(key) || JAVA_OPTIONS_KEYS.contains(&key)
    }
}

/// By which override a rule comes to fail: "`spark.jars` is replaced by the job's `--jars`".
pub(super) fn overrides(
    rule: &str,
    before: &Setup<'_>,
    own: &Setup<'_>,
    starter: Starter,
) -> String {
    let lost = before.spark.properties().filter(|(key, _)| {
        own.spark.is_replaced() && is_judged_by(rule, key) && own.spark.get(key).is_none()
    });
    let lost: Vec<_> = lost.map(|(key, _)| format!("`{key}`")).collect();
    if !lost.is_empty() {
        let label = own.label;
        return format!(
            "on {label} the {starter}'s `spark-defaults` replaces the application's whole, and {} \
             with it",
            lost.join(", ")
        );
    }
    let changes = own.spark.properties().filter_map(|(key, property)| {
        let by = match property.origin {
            Origin::Application => return None,
            Origin::Overrides(starter) => format!("the {starter}'s `spark-defaults`"),
            Origin::Submit(option) => format!("the {starter}'s `{option}`"),
        };
        let was = before.spark.get(key);
        let options = JAVA_OPTIONS_KEYS.contains(&key);
        let of_spline = |value: &str| !options || value.contains("-Dspline.");
        let spline = of_spline(property.value) || was.is_some_and(of_spline);
        if !is_judged_by(rule, key) || was == Some(property.value) || !spline {
            return None;
        }
        let how = if was.is_some() { "replaced" } else { "set" };
        Some(format!("`{key}` is {how} by {by}"))
    });
    let changes: Vec<_> = changes.collect();
    if changes.is_empty() && own.image != before.image {
        return format!("the {starter} brings an image of its own");
    }
    changes.join(" and ")
}

/// Undoes what costs lineage, and nothing else: list entries are added, the agent's own keys are put back
/// to what the application says.
pub(super) fn mended(
    before: &Setup<'_>,
    own: &Setup<'_>,
    overrides: &[Configuration],
    submit: &Submit,
) -> Mended {
    let mut configuration = overrides.to_vec();
    if let Some(defaults) = configuration.iter_mut().rfind(|it| is_spark_defaults(it)) {
        let properties = &mut defaults.properties;
        let given: Vec<_> = properties.keys().cloned().collect();
        for key in given.iter().filter(|key| is_about_lineage(key)) {
            let value = properties.remove(key).unwrap_or_default();
            let mended = put_back(before, own, key, &value);
            properties.extend(mended.map(|value| (key.clone(), value)));
        }
        let lost = before.spark.properties().filter(|(key, property)| {
            let options = JAVA_OPTIONS_KEYS.contains(key) && !property.value.contains("-Dspline.");
            own.spark.is_replaced() && is_about_lineage(key) && !options
        });
        for (key, property) in lost {
            let entry = properties.entry(key.to_owned());
            entry.or_insert_with(|| property.value.to_owned());
        }
    }
    let mut mended = submit.clone();
    let set: Vec<(String, String)> = submit
        .properties()
        .filter(|(key, _, _)| is_about_lineage(key))
        .map(|(key, value, _)| (key.to_owned(), value.to_owned()))
        .collect();
    for (key, value) in set {
        match put_back(before, own, &key, &value) {
            Some(value) => mended.set(&key, &value),
            None => mended.remove(&key),
        }
    }
    Mended {
        configuration,
        submit: mended,
    }
}

/// What a property must be beside what the application says; nothing where the override has to go.
fn put_back(before: &Setup<'_>, own: &Setup<'_>, key: &str, value: &str) -> Option<String> {
    if is_list(key) {
        let missing = agent_entries(before, key);
        let missing = missing.filter(|entry| !entries(value).any(|given| given == *entry));
        // An agent of the job's own gives way to the application's.
        let theirs = entries(value).filter(|entry| {
            let mut agents = own.agents.recognised.iter();
            let is_agent = agents.any(|it| Some(it.kind) == before.wanted && it.artifact == *entry);
            !is_agent || agent_entries(before, key).any(|ours| ours == *entry)
        });
        let all: Vec<_> = theirs.chain(missing).collect();
        return Some(all.join(","));
    }
    if is_own_key(key) {
        return before.spark.get(key).map(str::to_owned);
    }
    let of_spline = |word: &&str| word.trim_matches(['"', '\'']).starts_with("-Dspline.");
    let theirs = value.split_whitespace().filter(|word| !of_spline(word));
    let ours = before.spark.get(key).unwrap_or_default().split_whitespace();
    let words: Vec<_> = theirs.chain(ours.filter(of_spline)).collect();
    Some(words.join(" "))
}

/// The entries of a list that lineage needs: the application's agents and their listeners.
fn agent_entries<'a>(before: &'a Setup<'_>, key: &'a str) -> impl Iterator<Item = &'a str> {
    let wanted = before.wanted;
    let listed = before.spark.list(key);
    listed.filter(move |entry| {
        let is_agent = before.agents.recognised.iter();
        let mut is_agent = is_agent.filter(|agent| Some(agent.kind) == wanted);
        is_agent.any(|agent| agent.artifact == *entry)
            || before
                .agents
                .suspects
                .iter()
                .any(|(_, suspect)| suspect == entry)
            || wanted.is_some_and(|kind: AgentKind| kind.listener() == *entry)
    })
}
