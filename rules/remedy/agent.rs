//! Putting a lineage agent in, or another in its place.

use crate::finding::{Edit, Piece, ShellParameter, Template};
use crate::lineage::Setup;
use crate::settings::{Policy, is_coordinate};
use crate::spark::agent::{AgentKind, Bundle};
use crate::spark::{JARS_KEY, PACKAGES_KEY};

/// An agent with the list of `spark-defaults` that it belongs into.
struct PlacedAgent {
    key: &'static str,
    artifact: Template,
}

/// Puts the agent in that lineage is to be reported by, with its listener and what the organization says that it
/// needs.
pub fn put_in(setup: &Setup<'_>, kind: AgentKind, policy: &Policy) -> Vec<Edit> {
    let agent = agent_for(setup, kind, policy);
    let mut edits = vec![
        Edit::add(agent.key, agent.artifact),
        Edit::add(kind.listeners_key(), kind.listener()),
    ];
    edits.extend(needed(policy));
    edits
}

/// Puts the agent that the organization uses, or this one, in the place of another. What isn't configured, as it
/// lies in the image, is mended there: where nothing changes, there are no edits.
pub fn put_in_place(
    setup: &Setup<'_>,
    artifact: &str,
    with: Option<String>,
    kind: AgentKind,
    policy: &Policy,
) -> Vec<Edit> {
    let held = [JARS_KEY, PACKAGES_KEY]
        .into_iter()
        .find(|key| setup.spark.list(key).any(|entry| entry == artifact));
    let Some(held) = held else {
        return Vec::new();
    };
    let own = own_agent(setup, policy);
    let mut edits = Vec::new();
    if own.is_some() {
        edits.extend(needed(policy));
    }
    let agent = match (own, with) {
        (Some(own), _) => own,
        (None, Some(with)) => PlacedAgent {
            key: if is_coordinate(&with) {
                PACKAGES_KEY
            } else {
                JARS_KEY
            },
            artifact: with.into(),
        },
        (None, None) => agent_for(setup, kind, policy),
    };
    if agent.key == held {
        edits.push(Edit::Replace {
            key: held.into(),
            entry: artifact.into(),
            with: agent.artifact,
        });
    } else {
        edits.push(Edit::remove(held, artifact));
        edits.push(Edit::add(agent.key, agent.artifact));
    }
    edits
}

/// What the organization's agent needs.
fn needed(policy: &Policy) -> impl Iterator<Item = Edit> {
    let set = policy.own_agent.set.iter();
    set.map(|(key, value)| Edit::set(key, value.as_str()))
}

fn agent_for(setup: &Setup<'_>, kind: AgentKind, policy: &Policy) -> PlacedAgent {
    if let Some(own) = own_agent(setup, policy) {
        return own;
    }
    let Some((name, version)) = kind.coordinate() else {
        let jar = setup.bundle().map_or("agent.jar".into(), Bundle::jar);
        return PlacedAgent {
            key: JARS_KEY,
            artifact: Template::asked("AGENT_JAR", &format!("s3://bucket/{jar}")),
        };
    };
    let scala = setup.release.map_or("2.12", |release| &release.scala);
    PlacedAgent {
        key: PACKAGES_KEY,
        artifact: Template(vec![
            Piece::Text(format!("{name}_{scala}:")),
            Piece::Asked(ShellParameter::new("AGENT_VERSION", version)),
        ]),
    }
}

fn own_agent(setup: &Setup<'_>, policy: &Policy) -> Option<PlacedAgent> {
    let own = policy.own_agent.artifact.as_ref()?;
    let version = setup.bundle().map(Bundle::newest);
    let artifact = own.of(setup.label, setup.release, version)?;
    Some(PlacedAgent {
        key: if own.is_coordinate() {
            PACKAGES_KEY
        } else {
            JARS_KEY
        },
        artifact: artifact.into(),
    })
}
