//! What a rule finds, before it is somebody's finding.

use serde::{Deserialize, Serialize};

use crate::estate::{Arn, ReadScope, ReadScopes};
use crate::finding::{Edit, Remedy, Severity, Verdict};

/// A fault of what a rule was handed, or of something that it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What is to be mended, where it isn't what the rule was handed.
    pub resource: Option<Arn>,
    /// The team that it belongs to.
    pub team: Option<String>,
    /// Which part of it, where it can have the fault twice.
    pub part: String,
    /// Another severity than the rule's.
    pub severity: Option<Severity>,
    /// What was seen.
    pub verdict: Verdict,
    /// The change.
    pub remedy: Remedy,
    /// Whether the statement that is blamed allows everything, or everything to roles: one finding says what it lets
    /// the role do.
    pub is_everything: bool,
    /// What it was read from, besides the resource itself.
    pub read_from: ReadScopes,
}

impl Fault {
    /// The fault is there; the evidence states the fact.
    pub fn fail(evidence: impl Into<String>) -> Self {
        Self::told(Verdict::Fail(evidence.into()))
    }

    /// It can't be told; the reason says what is missing.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::told(Verdict::Unknown(reason.into()))
    }

    fn told(verdict: Verdict) -> Self {
        Self {
            resource: None,
            team: None,
            part: String::new(),
            severity: None,
            verdict,
            remedy: Remedy::None,
            is_everything: false,
            read_from: ReadScopes::none(),
        }
    }

    /// The faults that a verdict comes to.
    pub fn of_verdict(verdict: Verdict) -> Vec<Self> {
        match verdict {
            Verdict::Pass => Vec::new(),
            Verdict::Fail(_) | Verdict::Unknown(_) => vec![Self::told(verdict)],
        }
    }

    /// The faults that a verdict comes to, with the edits that mend it where it is sure.
    pub fn judged(verdict: Verdict, edits: impl FnOnce() -> Vec<Edit>) -> Vec<Self> {
        let is_sure = matches!(verdict, Verdict::Fail(_));
        let edits = if is_sure { edits() } else { Vec::new() };
        let faults = Self::of_verdict(verdict).into_iter();
        faults.map(|fault| fault.mended_by(edits.clone())).collect()
    }

    /// A fault of a whole resource.
    pub fn of(resource: &Arn, team: Option<&str>, evidence: String) -> Self {
        Self {
            resource: Some(resource.clone()),
            team: team.map(str::to_owned),
            ..Self::fail(evidence)
        }
    }

    /// With its evidence, or its reason, in other words.
    #[must_use]
    pub fn retold(self, words: impl FnOnce(String) -> String) -> Self {
        let verdict = match self.verdict {
            Verdict::Pass => Verdict::Pass,
            Verdict::Fail(evidence) => Verdict::Fail(words(evidence)),
            Verdict::Unknown(reason) => Verdict::Unknown(words(reason)),
        };
        Self { verdict, ..self }
    }

    /// Of this part: one resource can have the fault in several.
    #[must_use]
    pub fn part(self, part: impl Into<String>) -> Self {
        Self {
            part: part.into(),
            ..self
        }
    }

    /// With the change that mends it. Of what can't be told there is nothing to mend.
    #[must_use]
    pub fn mended_by(self, remedy: impl Into<Remedy>) -> Self {
        Self {
            remedy: remedy.into(),
            ..self
        }
    }

    /// Read from more than the resource itself.
    #[must_use]
    pub fn read_from(self, more: impl IntoIterator<Item = ReadScope>) -> Self {
        Self {
            read_from: self.read_from.and(more),
            ..self
        }
    }

    /// With more in its evidence.
    #[must_use]
    pub fn noting(mut self, more: &str) -> Self {
        match &mut self.verdict {
            Verdict::Fail(text) | Verdict::Unknown(text) => text.push_str(more),
            Verdict::Pass => {}
        }
        self
    }

    /// That it hangs on conditions which the inventory can't know.
    #[must_use]
    pub fn unless_conditions_fail(mut self) -> Self {
        if let Verdict::Fail(fact) = self.verdict {
            self.verdict = Verdict::Unknown(format!(
                "{fact}, where its conditions are met, which can't be known"
            ));
        }
        self
    }

    /// That a policy which was not read, in these words, may forbid it.
    #[must_use]
    pub fn unless_forbidden(mut self, by: Option<&str>) -> Self {
        if let (Some(by), Verdict::Fail(fact)) = (by, &self.verdict) {
            self.verdict = Verdict::Unknown(format!("{fact}, unless {by} forbids it"));
        }
        self
    }

    /// Of another severity than the rule's.
    #[must_use]
    pub fn of_severity(self, severity: Severity) -> Self {
        Self {
            severity: Some(severity),
            ..self
        }
    }
}
