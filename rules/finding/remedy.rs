//! What mends a fault, as data: it is written out only for those who are told of it.

use serde::{Deserialize, Serialize};

use crate::finding::Remediation;

/// What mends a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Remedy {
    /// No change of the resource does.
    #[default]
    None,
    /// Edits of an application.
    Edits(Vec<Edit>),
    /// A change of another resource, written out.
    Written(Remediation),
}

#[cfg(test)]
impl Remedy {
    /// What is written already.
    pub(crate) fn written(&self) -> Remediation {
        match self {
            Self::Written(written) => written.clone(),
            Self::None | Self::Edits(_) => Remediation::default(),
        }
    }
}

impl Remedy {
    /// The edits of an application that it is made of.
    pub fn into_edits(self) -> Vec<Edit> {
        match self {
            Self::Edits(edits) => edits,
            Self::None | Self::Written(_) => Vec::new(),
        }
    }
}

impl From<Remediation> for Remedy {
    fn from(written: Remediation) -> Self {
        if written == Remediation::default() {
            return Self::None;
        }
        Self::Written(written)
    }
}

impl From<Vec<Edit>> for Remedy {
    fn from(edits: Vec<Edit>) -> Self {
        if edits.is_empty() {
            return Self::None;
        }
        Self::Edits(edits)
    }
}

/// One edit of an application: what isn't named stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Edit {
    /// Sets a property of a classification.
    Set {
        /// The classification.
        classification: String,
        /// The property.
        key: String,
        /// Its value.
        value: Template,
    },
    /// Takes a property out of a classification.
    Unset {
        /// The classification.
        classification: String,
        /// The property.
        key: String,
    },
    /// Gives a property of `spark-defaults` another name, with the value that it has.
    Rename {
        /// The property.
        key: String,
        /// Its new name.
        to: String,
    },
    /// Adds an entry to a list of `spark-defaults`, where it isn't there yet.
    Add {
        /// The property that holds the list.
        key: String,
        /// The entry.
        entry: Template,
    },
    /// Takes an entry out of a list of `spark-defaults`.
    Remove {
        /// The property that holds the list.
        key: String,
        /// The entry.
        entry: String,
    },
    /// Puts another entry in the place of one of a list of `spark-defaults`.
    Replace {
        /// The property that holds the list.
        key: String,
        /// The entry.
        entry: String,
        /// The one in its place.
        with: Template,
    },
    /// Sets what an application has beside its configuration.
    Attribute(Attribute),
    /// What only a person can do, in one line.
    ByHand(String),
}

impl Edit {
    /// Sets a property of `spark-defaults`.
    pub fn set(key: &str, value: impl Into<Template>) -> Self {
        Self::Set {
            classification: "spark-defaults".into(),
            key: key.into(),
            value: value.into(),
        }
    }

    /// Whether it changes the runtime configuration.
    pub fn is_of_configuration(&self) -> bool {
        !matches!(self, Self::Attribute(_) | Self::ByHand(_))
    }

    /// Whether the application must not run for it.
    pub fn needs_a_stop(&self) -> bool {
        if let Self::Attribute(attribute) = self {
            return !attribute.while_running;
        }
        self.is_of_configuration()
    }

    /// Adds an entry to a list of `spark-defaults`.
    pub fn add(key: &str, entry: impl Into<Template>) -> Self {
        Self::Add {
            key: key.into(),
            entry: entry.into(),
        }
    }

    /// Takes an entry out of a list of `spark-defaults`.
    pub fn remove(key: &str, entry: &str) -> Self {
        Self::Remove {
            key: key.into(),
            entry: entry.into(),
        }
    }
}

/// What an application has beside its configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// The member of the API's request, such as `maximumCapacity`.
    pub member: String,
    /// A program of jq that makes of the application what the member is to be.
    pub program: String,
    /// What a person has to supply for it.
    pub asked: Vec<ShellParameter>,
    /// The same in Terraform's language.
    pub terraform: String,
    /// Whether the application may run meanwhile.
    pub while_running: bool,
}

/// A text with places that a person has to fill in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template(pub Vec<Piece>);

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// What a person has to supply.
    Asked(ShellParameter),
}

/// What a person has to supply: a shell parameter, without which a command refuses to run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShellParameter {
    /// Its name, such as `AGENT_JAR`.
    pub variable: String,
    /// What it may look like, such as `s3://bucket/spline-7.1.0.jar`.
    pub example: String,
}

impl ShellParameter {
    /// What a person has to supply.
    pub fn new(variable: &str, example: &str) -> Self {
        Self {
            variable: variable.into(),
            example: example.into(),
        }
    }
}

impl Template {
    /// A text of which a person has to supply the whole.
    pub fn asked(variable: &str, example: &str) -> Self {
        Self(vec![Piece::Asked(ShellParameter::new(variable, example))])
    }

    /// What a person has to supply.
    pub fn all_asked(&self) -> impl Iterator<Item = &ShellParameter> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Asked(asked) => Some(asked),
            Piece::Text(_) => None,
        })
    }

    /// The text, with examples where a person has to supply something.
    pub fn example(&self) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Asked(asked) => asked.example.as_str(),
        });
        pieces.collect()
    }
}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self(vec![Piece::Text(text.into())])
    }
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        Self(vec![Piece::Text(text)])
    }
}
