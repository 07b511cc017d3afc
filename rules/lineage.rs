//! Whether a Spark configuration reports lineage, asked alike of applications, job runs and sessions.

pub mod adoption;
mod change;
mod check;
mod dispatcher;
mod environment;
mod started;
mod transport;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::estate::Application;
use crate::finding::{Fault, Severity, Verdict};
use crate::settings::Context;
use crate::settings::{ApprovedImage, Policy, Requirement};
use crate::spark::Effective;
use crate::spark::agent::{Agent, AgentKind, Agents, Bundle, Fit, is_older};
use crate::spark::release::Release;

pub use change::MendedOverrides;
pub use check::{Concerns, JudgedKeys, LineageCheck};
pub use dispatcher::{Dispatcher, Lack, dispatchers};
pub use started::{LineageLoss, Workload};
pub use transport::{Delivery, delivery};

/// A Spark configuration with what the rules on lineage ask of it, worked out once for all of them.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    /// The release label in force.
    pub label: &'a str,
    /// The properties in force.
    pub spark: Effective<'a>,
    /// The agents on the class path: those that are configured, and those that an approved image holds.
    pub agents: Agents<'a>,
    /// What the release runs, if the data knows it.
    pub release: Option<&'a Release>,
    /// The custom image of the driver, which is where lineage is made.
    pub image: Option<&'a str>,
    /// Whether it can't be told what the driver's image holds.
    pub is_opaque: bool,
    /// The agent that lineage is to be reported by; nothing where any would do and none is there.
    pub wanted: Option<AgentKind>,
    /// What the rules on lineage ask.
    checks: &'static [LineageCheck],
    is_spark: bool,
    bundle: Option<&'a Bundle>,
    /// Whether no Spline agent is published for the release, and none of another's build is configured.
    lacks_build: bool,
}

impl<'a> Setup<'a> {
    /// Works out what the rules ask of a configuration.
    pub fn new(
        application: &'a Application,
        label: &'a str,
        image: Option<&'a str>,
        spark: Effective<'a>,
        policy: &'a Policy,
        checks: &'static [LineageCheck],
    ) -> Self {
        let approved = image.and_then(|image| policy.approved_image(image));
        let held = approved.and_then(|approved: &ApprovedImage| approved.holds.as_ref());
        let held_artifacts = held.into_iter().flatten().map(String::as_str);
        let agents = Agents::find(spark.artifacts().chain(held_artifacts), &policy.agents);
        let release = policy.releases.find(label);
        let bundle =
            release.and_then(|release| policy.bundles.find(release.spark_minor(), &release.scala));
        let is_build = |agent: &Agent<'_>| {
            agent.tells_release() || agent.fit(label, &policy.releases) == Fit::Fits
        };
        let lacks_build =
            release.is_some() && bundle.is_none() && !agents.of(AgentKind::Spline).any(is_build);
        Self {
            label,
            wanted: wanted(policy.require, &spark, &agents),
            spark,
            agents,
            release,
            image,
            is_opaque: image.is_some() && held.is_none(),
            checks,
            is_spark: application.is_spark(),
            bundle,
            lacks_build,
        }
    }

    /// Whether it is a Spark application's; Hive has no Spark lineage.
    pub fn is_spark(&self) -> bool {
        self.is_spark
    }

    /// Whether lineage is to be reported by this agent.
    pub fn wants(&self, kind: AgentKind) -> bool {
        self.is_spark && self.wanted == Some(kind)
    }

    /// The agent other than Spline that lineage is to be reported by.
    pub fn wanted_other(&self) -> Option<AgentKind> {
        self.wanted
            .filter(|&kind| self.is_spark && kind != AgentKind::Spline)
    }

    /// Whether any agent would do and none is there.
    pub fn wants_any(&self) -> bool {
        self.is_spark && self.wanted.is_none()
    }

    /// Whether no public Spline agent can work: none is published for the release, and the configuration
    /// names none of the organization's own build.
    pub fn is_unsupported(&self) -> bool {
        self.wants(AgentKind::Spline) && self.lacks_build
    }

    /// Whether Spline is wanted and could be there, so that the next question makes sense: an agent is
    /// recognised, or the image may hold one.
    pub fn has_spline(&self) -> bool {
        let recognised = self.agents.of(AgentKind::Spline).next().is_some();
        self.wants(AgentKind::Spline)
            && !self.is_unsupported()
            && (recognised || (self.is_opaque && self.is_listening(AgentKind::Spline)))
    }

    /// Whether Spline could be there and is called, so that its own configuration matters.
    pub fn calls_spline(&self) -> bool {
        self.has_spline() && self.is_listening(AgentKind::Spline)
    }

    /// Whether an agent's listener is registered where Spark reads it.
    pub fn is_listening(&self, kind: AgentKind) -> bool {
        kind.listener_in(&self.spark, kind.listeners_key())
            .is_some()
    }

    /// The dispatchers that Spline's agent sends lineage by, or what it lacks.
    pub fn dispatchers(&self) -> Result<Vec<Dispatcher<'a>>, Lack<'a>> {
        let mut versions = self
            .agents
            .of(AgentKind::Spline)
            .filter_map(|it| it.version);
        if versions
            .next()
            .is_some_and(|version| is_older(version, "1.0.0"))
        {
            return dispatcher::first_dispatchers(&self.spark);
        }
        dispatchers(&self.spark)
    }

    /// Why it can't be told whether an agent is needed or could be there, where the data doesn't know the
    /// release.
    pub fn unknown_release(&self) -> Option<String> {
        self.release.is_none().then(|| {
            format!(
                "the release table doesn't know `{}`; add it as `[[release]]` or update Lineward",
                self.label
            )
        })
    }

    /// The public bundle for this release, if one is published.
    pub fn bundle(&self) -> Option<&'a Bundle> {
        self.bundle
    }

    /// The other agents that are there, for evidence: `; OpenLineage is configured instead`.
    pub fn others(&self, wanted: Option<AgentKind>) -> String {
        let mut others = AgentKind::ALL.into_iter().filter(|&kind| {
            let recognised = self.agents.of(kind).next().is_some();
            Some(kind) != wanted && (recognised || self.is_listening(kind))
        });
        let other = others.next();
        other.map_or_else(String::new, |kind| {
            format!("; {} is configured instead", kind.name())
        })
    }

    /// Whether this configuration reports lineage.
    pub fn standing(&self, cx: &Context<'_>) -> Standing {
        self.standing_by(cx, |_| true)
    }

    /// Whether it does as far as these rules tell.
    fn standing_by(&self, cx: &Context<'_>, counts: impl Fn(&LineageCheck) -> bool) -> Standing {
        if !self.is_spark {
            return Standing::OutOfScope;
        }
        let mut standing = Standing::With;
        for (check, fault) in self.faults(cx).filter(|(check, _)| counts(check)) {
            match fault.verdict {
                Verdict::Fail(_) if (check.costs_lineage)(self, cx) => {
                    return Standing::Without;
                }
                // What isn't approved is produced all the same.
                Verdict::Unknown(_) if check.concerns == Concerns::Lineage => {
                    standing = Standing::Unknown;
                }
                Verdict::Unknown(_) | Verdict::Fail(_) | Verdict::Pass => {}
            }
        }
        standing
    }

    /// Whether a rule that is on tells of lineage that is missing.
    fn is_told_to_lack(&self, cx: &Context<'_>) -> bool {
        let is_on = |check: &LineageCheck| cx.policy.severity(check.rule, Severity::High).is_some();
        self.standing_by(cx, is_on) == Standing::Without
    }

    /// What the rules on lineage find, in catalogue order: a configuration is what it is, whichever rules are on.
    pub fn faults(&self, cx: &Context<'_>) -> impl Iterator<Item = (&'static LineageCheck, Fault)> {
        self.checks.iter().flat_map(|check| {
            let faults = (check.check)(self, cx).into_iter();
            faults.map(move |fault| (check, fault))
        })
    }
}

/// The agent to judge by: the required one, or else the one that comes nearest to work.
fn wanted(require: Requirement, spark: &Effective<'_>, agents: &Agents<'_>) -> Option<AgentKind> {
    if let Some(kind) = require.kind() {
        return Some(kind);
    }
    let signs = |kind: AgentKind| {
        let there = agents.of(kind).next().is_some() || agents.suspect(kind).is_some();
        let listening = kind.listener_in(spark, kind.listeners_key()).is_some();
        usize::from(there) + usize::from(listening)
    };
    // The first of the best.
    let best = AgentKind::ALL
        .into_iter()
        .rev()
        .max_by_key(|&kind| signs(kind))?;
    (signs(best) > 0).then_some(best)
}

/// Whether something reports its lineage.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It does.
    With,
    /// It doesn't.
    Without,
    /// It can't be told.
    Unknown,
    /// It is not Spark.
    OutOfScope,
}
