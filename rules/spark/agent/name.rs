//! Names of artifacts, as Spark reads `spark.jars` and `spark.jars.packages`.

/// The characters of a glob.
const WILD: [char; 4] = ['*', '?', '[', '{'];

/// Schemes that Spark fetches as they are, without expanding globs.
///
/// Source: `DependencyUtils.resolveGlobPath` of Apache Spark 3.5.
const AS_IS: [&str; 4] = ["local:", "http:", "https:", "ftp:"];

/// The last part of a path or URL, or the whole of a Maven coordinate, whose parts colons or slashes part.
pub(crate) fn file_name(artifact: &str) -> &str {
    if is_slash_coordinate(artifact) {
        return artifact;
    }
    let path = if is_as_is(artifact) || !has_wild(artifact) {
        artifact.split(['?', '#']).next().unwrap_or(artifact)
    } else {
        artifact
    };
    path.rsplit('/').next().unwrap_or(path)
}

/// The EMR release that a folder of a path names: `7.1.0` of `s3://b/spline/emr-7.1.0/*.jar`. Numbers below 6
/// are an agent's own.
pub(super) fn release_folder(artifact: &str) -> Option<&str> {
    let (folders, _) = artifact.rsplit_once('/')?;
    let mut releases = folders.rsplit('/').filter_map(|folder| {
        let version = folder
            .strip_prefix("emr-spark-")
            .or_else(|| folder.strip_prefix("emr-"))
            .or_else(|| folder.strip_prefix("spline-"))
            .unwrap_or(folder);
        let numbers: Option<Vec<u32>> = version.split('.').map(|part| part.parse().ok()).collect();
        numbers
            .is_some_and(|numbers| numbers.len() == 3 && numbers.first() >= Some(&6))
            .then_some(version)
    });
    releases.next()
}

/// Whether Spark takes an entry of `spark.jars` for a pattern of names.
///
/// Source: `DependencyUtils.resolveGlobPaths` of Apache Spark 3.5; tried on 3.5.6.
pub fn is_glob(artifact: &str) -> bool {
    has_wild(artifact) && !is_as_is(artifact)
}

fn has_wild(artifact: &str) -> bool {
    artifact.contains(WILD)
}

fn is_as_is(artifact: &str) -> bool {
    AS_IS.iter().any(|scheme| artifact.starts_with(scheme))
}

/// `group/artifact/version`, which Spark takes for a coordinate, too.
///
/// Source: `MavenUtils.extractMavenCoordinates` of Apache Spark 3.5.
fn is_slash_coordinate(artifact: &str) -> bool {
    let mut parts = artifact.split('/');
    let (group, name, version) = (parts.next(), parts.next(), parts.next());
    let is_version = |text: &str| text.starts_with(|letter: char| letter.is_ascii_digit());
    let is_plain = |text: &str| !text.is_empty() && !text.contains([':', '*']);
    parts.next().is_none()
        && group.is_some_and(is_plain)
        && name.is_some_and(is_plain)
        && version.is_some_and(|text| is_version(text) && is_plain(text) && !is_jar(text))
}

fn is_jar(name: &str) -> bool {
    let end = name.len().saturating_sub(4);
    name.get(end..)
        .is_some_and(|end| end.eq_ignore_ascii_case(".jar"))
}

/// Whether a name holds a text, in any case.
pub(super) fn has(name: &str, text: &str) -> bool {
    let (name, text) = (name.as_bytes(), text.as_bytes());
    name.windows(text.len())
        .any(|window| window.eq_ignore_ascii_case(text))
}

/// Whether a glob could match a JAR whose name begins so, as far as what stands before its first wild
/// character and after its last one tells.
pub(super) fn could_begin(glob: &str, beginning: &str) -> bool {
    let Some(first) = glob.find(WILD) else {
        return false;
    };
    let (before, wild) = glob.split_at(first);
    let before = before.to_ascii_lowercase();
    let end = wild.rsplit(['*', '?', ']', '}']).next().unwrap_or_default();
    let can_end = ".jar".ends_with(end) || is_jar(end);
    can_end && (beginning.starts_with(&before) || before.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_told_from_paths() {
        let slashes = "io.openlineage/openlineage-spark_2.12/1.2.3";
        assert_eq!(file_name(slashes), slashes);
        assert_eq!(file_name("lib/spark/1.2.jar"), "1.2.jar");
        assert_eq!(file_name("s3://b/1.2.3/a.jar"), "a.jar");
        assert_eq!(file_name("https://h/a.jar?v=1/b"), "a.jar");
        assert_eq!(file_name("s3://b/a-?.jar"), "a-?.jar");
    }

    #[test]
    fn a_folder_names_a_release() {
        for (path, release) in [
            ("s3://b/spline/emr-7.1.0/*.jar", Some("7.1.0")),
            ("s3://b/spline/emr-spark-8.1.0/x/*.jar", Some("8.1.0")),
            ("s3://b/6.15.0/spline-*.jar", Some("6.15.0")),
            ("s3://b/spline-7.1.0/*.jar", Some("7.1.0")),
            ("s3://b/7.1.0/7.2.0/*.jar", Some("7.2.0")),
            ("s3://b/spline/2.2.3/*.jar", None),
            ("s3://b/spline/7.1/*.jar", None),
            ("s3://b/spline/7.*.0/*.jar", None),
            ("spline-7.1.0*.jar", None),
        ] {
            assert_eq!(release_folder(path), release, "{path}");
        }
    }

    #[test]
    fn what_is_fetched_as_it_is_is_no_glob() {
        assert!(is_glob("s3://b/*.jar") && is_glob("file:///a/{b,c}.jar"));
        assert!(!is_glob("https://h/a.jar?v=1") && !is_glob("local:///a/*.jar"));
        assert!(!is_glob("s3://b/a.jar"));
    }
}
