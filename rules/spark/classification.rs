//! The classifications that lineage depends on.

use crate::estate::Configuration;

/// A classification that lineage depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classification {
    /// `spark-defaults`: Spark's properties.
    SparkDefaults,
    /// `core-site`: what Hadoop's configuration starts from, which Spline asks first.
    CoreSite,
}

impl Classification {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::SparkDefaults, Self::CoreSite];

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::SparkDefaults => "spark-defaults",
            Self::CoreSite => "core-site",
        }
    }

    /// Which of them it is, if any.
    pub fn of(configuration: &Configuration) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|it| it.name() == configuration.classification)
    }
}

/// Whether a classification holds Spark's properties.
pub fn is_spark_defaults(configuration: &Configuration) -> bool {
    Classification::of(configuration) == Some(Classification::SparkDefaults)
}
