//! What a job or session changes of its application's lineage, in words, and how to undo that alone.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::estate::Configuration;
use crate::lineage::check::is_own_key;
use crate::lineage::{JudgedKeys, Setup};
use crate::spark::agent::AgentKind;
use crate::spark::{
    Classification, EXTRA_LISTENERS_KEY, JARS_KEY, JAVA_OPTIONS_KEYS, LISTENERS_KEY, Origin,
    PACKAGES_KEY, Property, Starter, Submit, entries,
};

/// What overrides would be if they kept the lineage that the application has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MendedOverrides {
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

/// The property by which Spark itself would set what a key of a classification sets.
fn as_property(of: Classification, key: &str) -> Cow<'_, str> {
    match of {
        Classification::SparkDefaults => Cow::Borrowed(key),
        Classification::CoreSite => Cow::Owned(format!("spark.hadoop.{key}")),
    }
}

/// By which override a rule comes to fail: "`spark.jars` is replaced by the job's `--jars`".
pub(super) fn overrides(
    keys: JudgedKeys,
    before: &Setup<'_>,
    own: &Setup<'_>,
    starter: Starter,
) -> String {
    let mut all = Classification::ALL.into_iter();
    if let Some(replaced) = all.find_map(|of| replaced(keys, before, own, of, starter)) {
        return replaced;
    }
    let all = Classification::ALL.into_iter();
    let changes: Vec<_> = all
        .flat_map(|of| changes(keys, before, own, of, starter))
        .collect();
    changes.join(" and ")
}

/// What a rule judges by is gone with the whole of a classification.
fn replaced(
    keys: JudgedKeys,
    before: &Setup<'_>,
    own: &Setup<'_>,
    of: Classification,
    starter: Starter,
) -> Option<String> {
    let lost = before.spark.properties_of(of).filter(|(key, _)| {
        own.spark.is_replaced(of)
            && keys.includes(&as_property(of, key))
            && own.spark.value_of(of, key).is_none()
    });
    let lost: Vec<_> = lost.map(|(key, _)| format!("`{key}`")).collect();
    (!lost.is_empty()).then(|| {
        format!(
            "on {} the {starter}'s `{}` replaces the application's whole, and {} with it",
            own.label,
            of.name(),
            lost.join(", ")
        )
    })
}

/// What a rule judges by is set to something else, or where it was not set.
fn changes(
    keys: JudgedKeys,
    before: &Setup<'_>,
    own: &Setup<'_>,
    of: Classification,
    starter: Starter,
) -> Vec<String> {
    let changes = own.spark.properties_of(of).filter_map(|(key, property)| {
        let by = match property.origin {
            Origin::Application => return None,
            Origin::Overrides(starter) => format!("the {starter}'s `{}`", of.name()),
            Origin::Submit(option) => format!("the {starter}'s `{option}`"),
        };
        let was = before.spark.value_of(of, key);
        let options = JAVA_OPTIONS_KEYS.contains(&key);
        let of_spline = |value: &str| !options || value.contains("-Dspline.");
        let spline = of_spline(property.value) || was.is_some_and(of_spline);
        let is_judged = keys.includes(&as_property(of, key));
        if !is_judged || was == Some(property.value) || !spline {
            return None;
        }
        let how = if was.is_some() { "replaced" } else { "set" };
        Some(format!("`{key}` is {how} by {by}"))
    });
    changes.collect()
}

/// Undoes what costs lineage, and nothing else: of the properties that are at fault, list entries are
/// added and the agent's own keys are put back to what the application says.
pub(super) fn mended(
    before: &Setup<'_>,
    own: &Setup<'_>,
    overrides: &[Configuration],
    submit: &Submit,
    is_at_fault: impl Fn(&str) -> bool,
) -> MendedOverrides {
    let mut configuration = overrides.to_vec();
    for of in Classification::ALL {
        let mut given = configuration.iter_mut();
        if let Some(given) = given.rfind(|it| Classification::of(it) == Some(of)) {
            mend(before, own, of, &mut given.properties, &is_at_fault);
        }
    }
    let mut mended = submit.clone();
    for (key, value, _) in submit.properties().filter(|(key, _, _)| is_at_fault(key)) {
        match put_back(before, own, Classification::SparkDefaults, key, value) {
            Some(value) => mended.set(key, &value),
            None => mended.remove(key),
        }
    }
    MendedOverrides {
        configuration,
        submit: mended,
    }
}

fn mend(
    before: &Setup<'_>,
    own: &Setup<'_>,
    of: Classification,
    properties: &mut BTreeMap<String, String>,
    is_at_fault: impl Fn(&str) -> bool,
) {
    let given: Vec<_> = properties.keys().cloned().collect();
    for key in given
        .into_iter()
        .filter(|key| is_at_fault(&as_property(of, key)))
    {
        let value = properties.remove(&key).unwrap_or_default();
        let mended = put_back(before, own, of, &key, &value);
        properties.extend(mended.map(|value| (key, value)));
    }
    if own.spark.is_replaced(of) {
        // These are the application's, not the override's own: its agent needs them all.
        for (key, property) in lost(before, of) {
            let entry = properties.entry(key.to_owned());
            entry.or_insert_with(|| property.value.to_owned());
        }
    }
}

/// What lineage depends on of a classification that is replaced whole.
fn lost<'a>(
    before: &Setup<'a>,
    of: Classification,
) -> impl Iterator<Item = (&'a str, Property<'a>)> {
    before
        .spark
        .properties_of(of)
        .filter(move |(key, property)| {
            let options = JAVA_OPTIONS_KEYS.contains(key) && !property.value.contains("-Dspline.");
            is_about_lineage(&as_property(of, key)) && !options
        })
}

/// What a property must be beside what the application says; nothing where the override has to go.
fn put_back(
    before: &Setup<'_>,
    own: &Setup<'_>,
    of: Classification,
    key: &str,
    value: &str,
) -> Option<String> {
    if is_list(key) {
        let missing = agent_entries(before, key);
        let missing = missing.filter(|entry| !entries(value).any(|given| given == *entry));
        let theirs = entries(value).filter(|entry| !gives_way(before, own, key, entry));
        let all: Vec<_> = theirs.chain(missing).collect();
        return Some(all.join(","));
    }
    let ours = before.spark.value_of(of, key);
    if !JAVA_OPTIONS_KEYS.contains(&key) {
        return ours.map(str::to_owned);
    }
    let of_spline = |word: &&str| word.trim_matches(['"', '\'']).starts_with("-Dspline.");
    let theirs = value.split_whitespace().filter(|word| !of_spline(word));
    let ours = ours.unwrap_or_default().split_whitespace();
    let words: Vec<_> = theirs.chain(ours.filter(of_spline)).collect();
    Some(words.join(" "))
}

/// Whether an entry of an override's list has to go: an agent in the place of the application's, or a
/// listener that doesn't belong into this list.
fn gives_way(before: &Setup<'_>, own: &Setup<'_>, key: &str, entry: &str) -> bool {
    let mut agents = own.agents.recognised.iter();
    let is_agent = agents.any(|it| Some(it.kind) == before.wanted && it.artifact == entry);
    let mut kinds = AgentKind::ALL.into_iter();
    let is_stray = kinds
        .any(|kind| kind.listeners().any(|class| class == entry) && kind.listeners_key() != key);
    let is_ours = agent_entries(before, key).any(|ours| ours == entry);
    is_agent && !is_ours || is_stray && !before.spark.lists(key, entry)
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
            || wanted.is_some_and(|kind: AgentKind| kind.listeners().any(|class| class == *entry))
    })
}
