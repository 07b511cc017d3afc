//! Changes of the JARs and Maven coordinates that Spark is started with.

use crate::estate::Application;
use crate::finding::Remediation;
use crate::remedy::set_spark_defaults;
use crate::spark::agent::file_name;
use crate::spark::{Effective, JARS_KEY, PACKAGES_KEY};

/// Replaces artifacts by what `mended` makes of them. What isn't configured, as it lies in the image, is
/// mended there: where nothing changes, there is no remedy.
pub fn replace_artifacts(
    application: &Application,
    spark: &Effective<'_>,
    mended: impl Fn(&str) -> Option<String>,
) -> Remediation {
    let rewritten = |key| {
        let mut any = false;
        let entries = spark.list(key).map(|entry| {
            let mended = mended(entry);
            any |= mended.is_some();
            mended.unwrap_or_else(|| entry.to_owned())
        });
        let entries = entries.collect::<Vec<_>>().join(",");
        any.then_some((key, entries))
    };
    let changes = [JARS_KEY, PACKAGES_KEY].map(rewritten);
    let changes: Vec<_> = changes
        .iter()
        .flatten()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    if changes.is_empty() {
        return Remediation::default();
    }
    set_spark_defaults(application, &changes)
}

/// An artifact with the last of a text in its file name replaced: folders, and what else the name tells,
/// are no matter.
pub fn renamed(artifact: &str, from: &str, to: &str) -> Option<String> {
    let name = file_name(artifact);
    let path = artifact.split(['?', '#']).next()?;
    let folder = path.strip_suffix(name)?;
    let (before, after) = name.rsplit_once(from)?;
    let query = artifact.strip_prefix(path)?;
    Some(format!("{folder}{before}{to}{after}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_in_the_file_name_is_renamed() {
        let renamed = |artifact| renamed(artifact, "1.0", "2.0");
        let path = renamed("https://h/1.0/a-1.0-1.0.jar?v=1.0");
        assert_eq!(path.unwrap(), "https://h/1.0/a-1.0-2.0.jar?v=1.0");
        assert_eq!(renamed("g:a_1.0:1.0").unwrap(), "g:a_1.0:2.0");
        assert_eq!(renamed("s3://b/1.0/a.jar"), None);
    }
}
