//! A value in force, and where it comes from.

use std::fmt;

/// Who started what is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starter {
    /// A job run.
    Job,
    /// A session.
    Session,
}

impl fmt::Display for Starter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Job => "job",
            Self::Session => "session",
        })
    }
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<'a> {
    /// A classification of the application.
    Application,
    /// A classification of a job or session.
    Overrides(Starter),
    /// An option of `sparkSubmitParameters`.
    Submit(&'a str),
}

/// A value in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property<'a> {
    /// The value.
    pub value: &'a str,
    /// Where it comes from.
    pub origin: Origin<'a>,
    /// Whether blanks around it were taken away, as `spark-submit` does with its properties file.
    pub is_trimmed: bool,
}
