//! Names of JARs and Maven coordinates that Spark is started with.

use crate::spark::agent::file_name;

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
