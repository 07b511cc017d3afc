//! Estates written down: JSON Lines of a header, one slice a line, and a trailer that closes it.
//!
//! Compressed where the name ends in `.zst` or `.gz`. The trailer tells a whole file from one that
//! was cut at the end of a line.

pub(crate) mod bounded;
mod reader;
mod writer;

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use lineward_rules::estate::Organization;

use crate::report::Selection;

pub use reader::Reader;
pub use writer::{Writer, encode};

/// The schema of a snapshot; another number is another format.
pub const SCHEMA: &str = "lineward/estate/1";

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: String,
    /// The run that walked.
    pub run: String,
    /// When the walk began: the clock of every judgement on this estate.
    pub started_at: Timestamp,
    /// The organization.
    pub organization: Organization,
    /// Whether the walk left out some of what the configuration asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_narrowed: bool,
    /// What the walk was asked for.
    #[serde(default)]
    pub selection: Selection,
    /// The ARN of who walked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
}

/// The last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trailer {
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    slices: usize,
    finished_at: Timestamp,
}

/// Why a snapshot can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file can't be written.
    #[error("can't write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file can't be read, or its compression is broken.
    #[error("can't read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error("{}:{line}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The file is of another version of Lineward.
    #[error("`{}` is of schema `{found}`, this version reads `{SCHEMA}`", path.display())]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// The schema it names.
        found: String,
    },
    /// The file ends before its trailer.
    #[error(
        "`{}` is truncated after {slices} accounts; collect the estate again", path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// How many slices were whole.
        slices: usize,
    },
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;

    use super::*;
    use lineward_rules::{Account, Application, Slice};

    fn header() -> Header {
        Header {
            schema: SCHEMA.into(),
            run: "run".into(),
            started_at: Timestamp::UNIX_EPOCH,
            organization: Organization::default(),
            is_narrowed: false,
            selection: Selection::default(),
            caller: None,
        }
    }

    fn written(name: &str) -> (tempfile::TempDir, PathBuf, Slice) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let slice = Slice {
            applications: vec![Application::example()],
            ..Slice::new(Account::example())
        };
        let mut writer = Writer::create(&path, &header()).unwrap();
        writer.slice(&slice).unwrap();
        writer.slice(&slice).unwrap();
        writer.finish(Timestamp::UNIX_EPOCH).unwrap();
        (folder, path, slice)
    }

    fn read(path: &Path) -> Result<Vec<Slice>, String> {
        let (_, reader) = Reader::open(path).map_err(|error| error.to_string())?;
        reader
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_was_written_is_read_in_each_compression() {
        for name in ["estate.jsonl", "estate.jsonl.gz", "estate.jsonl.zst"] {
            let (_folder, path, slice) = written(name);
            assert_eq!(Reader::open(&path).unwrap().0, header());
            assert_eq!(read(&path).unwrap(), [slice.clone(), slice]);
        }
    }

    #[test]
    fn a_truncated_file_is_told_wherever_it_was_cut() {
        for name in ["estate.jsonl", "estate.jsonl.gz", "estate.jsonl.zst"] {
            let (_folder, path, _) = written(name);
            let whole = std::fs::read(&path).unwrap();
            for cut in [whole.len() / 2, whole.len() * 3 / 4, whole.len() - 2] {
                std::fs::write(&path, &whole[..cut]).unwrap();
                assert!(read(&path).is_err(), "{name} cut at {cut}");
            }
        }
        let (_folder, path, _) = written("estate.jsonl");
        let text = std::fs::read_to_string(&path).unwrap();
        let without_trailer: String = text.split_inclusive('\n').take(2).collect();
        std::fs::write(&path, without_trailer).unwrap();
        assert!(
            read(&path)
                .unwrap_err()
                .contains("is truncated after 1 accounts")
        );
    }

    #[test]
    fn another_schema_and_no_json_are_said_so() {
        let (_folder, path, _) = written("estate.jsonl");
        std::fs::write(&path, "{\"schema\":\"lineward/estate/9\"}\n").unwrap();
        assert!(
            read(&path)
                .unwrap_err()
                .contains("is of schema `lineward/estate/9`")
        );
        std::fs::write(&path, "not json\n").unwrap();
        assert!(read(&path).unwrap_err().contains(":1: is not a snapshot"));
        std::fs::write(&path, "").unwrap();
        assert!(read(&path).unwrap_err().contains("is empty"));
        assert!(
            read(Path::new("/nonexistent"))
                .unwrap_err()
                .contains("can't read")
        );
    }

    #[test]
    fn neither_a_long_line_nor_a_file_that_expands_without_end_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let begin = format!("{}\n", serde_json::to_string(&header()).unwrap());
        let blank = vec![b' '; 1 << 20];
        let path = folder.path().join("long.jsonl.zst");
        let mut encoder = zstd::Encoder::new(std::fs::File::create(&path).unwrap(), 1).unwrap();
        encoder.write_all(begin.as_bytes()).unwrap();
        for _ in 0..65 {
            encoder.write_all(&blank).unwrap();
        }
        encoder.finish().unwrap();
        assert!(
            read(&path)
                .unwrap_err()
                .contains(":2: is longer than 64 MB")
        );
        let path = folder.path().join("bomb.jsonl.zst");
        let mut encoder = zstd::Encoder::new(std::fs::File::create(&path).unwrap(), 1).unwrap();
        let line = serde_json::to_string(&Slice::new(Account::example())).unwrap();
        let padding = " ".repeat(1 << 20);
        encoder.write_all(begin.as_bytes()).unwrap();
        for _ in 0..300 {
            writeln!(encoder, "{line}{padding}").unwrap();
        }
        encoder.finish().unwrap();
        let (_, slices) = Reader::open(&path).unwrap();
        let error = slices.last().unwrap().unwrap_err();
        assert!(matches!(error, SnapshotError::Read { .. }), "{error}");
    }

    #[test]
    fn a_snapshot_that_was_not_finished_does_not_take_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("estate.jsonl");
        drop(Writer::create(&path, &header()).unwrap());
        assert!(!path.exists());
    }
}
