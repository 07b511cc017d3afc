//! Estates written down: JSON Lines of a header, one slice a line, and a trailer that closes it.
//!
//! Compressed where the name ends in `.zst` or `.gz`. The trailer tells a whole file from one that
//! was cut at the end of a line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use lineward_rules::Slice;
use serde::{Deserialize, Serialize};

use crate::collect::Organization;

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

/// Writes a snapshot; the file takes its name only when it is whole.
pub struct Writer {
    path: PathBuf,
    partial: PathBuf,
    encoder: Encoder,
    slices: usize,
}

enum Encoder {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Writer {
    /// Begins a snapshot.
    pub fn create(path: &Path, header: &Header) -> Result<Self, SnapshotError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        let partial = PathBuf::from(name);
        let encoder = Encoder::create(path, &partial);
        let encoder = encoder.map_err(|source| SnapshotError::Write {
            path: path.to_owned(),
            source,
        })?;
        let mut writer = Self {
            path: path.to_owned(),
            partial,
            encoder,
            slices: 0,
        };
        writer.line(header)?;
        Ok(writer)
    }

    /// Writes one slice.
    pub fn slice(&mut self, slice: &Slice) -> Result<(), SnapshotError> {
        self.slices += 1;
        self.line(slice)
    }

    /// Closes the snapshot.
    pub fn finish(mut self, finished_at: Timestamp) -> Result<(), SnapshotError> {
        let end = End {
            slices: self.slices,
            finished_at,
        };
        self.line(&Trailer { end })?;
        let Self {
            path,
            partial,
            encoder,
            ..
        } = self;
        let renamed = encoder
            .finish()
            .and_then(|()| std::fs::rename(&partial, &path));
        renamed.map_err(|source| SnapshotError::Write { path, source })
    }

    fn line(&mut self, value: &impl Serialize) -> Result<(), SnapshotError> {
        let mut write = || {
            let output: &mut dyn Write = match &mut self.encoder {
                Encoder::Plain(output) => output,
                Encoder::Gzip(output) => output,
                Encoder::Zstd(output) => output,
            };
            serde_json::to_writer(&mut *output, value)?;
            output.write_all(b"\n")
        };
        write().map_err(|source| SnapshotError::Write {
            path: self.path.clone(),
            source,
        })
    }
}

impl Encoder {
    fn create(path: &Path, partial: &Path) -> io::Result<Self> {
        let file = BufWriter::new(File::create(partial)?);
        Ok(
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("gz") => Self::Gzip(flate2::write::GzEncoder::new(
                    file,
                    flate2::Compression::default(),
                )),
                Some("zst") => Self::Zstd(zstd::Encoder::new(file, 0)?),
                _ => Self::Plain(file),
            },
        )
    }

    fn finish(self) -> io::Result<()> {
        let file = match self {
            Self::Plain(file) => file,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        };
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()
    }
}

/// Reads a snapshot, slice by slice.
pub struct Reader {
    path: PathBuf,
    lines: io::Lines<Box<dyn BufRead + Send>>,
    line: usize,
    slices: usize,
    ended: bool,
}

impl Reader {
    /// Opens a snapshot and reads its header.
    pub fn open(path: &Path) -> Result<(Header, Self), SnapshotError> {
        let lines = decoder(path)
            .map_err(|source| SnapshotError::Read {
                path: path.to_owned(),
                source,
            })?
            .lines();
        let mut reader = Self {
            path: path.to_owned(),
            lines,
            line: 0,
            slices: 0,
            ended: false,
        };
        let Some(text) = reader.line()? else {
            return Err(reader.malformed("the file is empty".into()));
        };
        // The schema is read first: of another version nothing else may be expected to fit.
        let value: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| reader.malformed(format!("is no snapshot: {error}")))?;
        let schema = value.get("schema").and_then(serde_json::Value::as_str);
        match schema {
            Some(SCHEMA) => {}
            Some(other) => {
                let found = other.to_owned();
                return Err(SnapshotError::OtherSchema {
                    path: reader.path,
                    found,
                });
            }
            None => return Err(reader.malformed("is no snapshot: names no `schema`".into())),
        }
        let header =
            serde_json::from_value(value).map_err(|error| reader.malformed(error.to_string()))?;
        Ok((header, reader))
    }

    fn line(&mut self) -> Result<Option<String>, SnapshotError> {
        self.line += 1;
        let line = self.lines.next().transpose();
        line.map_err(|source| {
            // A compressed file that was cut.
            if source.kind() == io::ErrorKind::UnexpectedEof {
                return self.truncated();
            }
            SnapshotError::Read {
                path: self.path.clone(),
                source,
            }
        })
    }

    fn truncated(&self) -> SnapshotError {
        SnapshotError::Truncated {
            path: self.path.clone(),
            slices: self.slices,
        }
    }

    fn malformed(&self, message: String) -> SnapshotError {
        SnapshotError::Malformed {
            path: self.path.clone(),
            line: self.line,
            message,
        }
    }

    fn read(&mut self) -> Result<Option<Slice>, SnapshotError> {
        let Some(text) = self.line()? else {
            return Err(self.truncated());
        };
        if text.starts_with("{\"end\":") {
            let trailer: Trailer =
                serde_json::from_str(&text).map_err(|error| self.malformed(error.to_string()))?;
            if trailer.end.slices != self.slices {
                return Err(self.truncated());
            }
            self.ended = true;
            return Ok(None);
        }
        match serde_json::from_str(&text) {
            Ok(slice) => {
                self.slices += 1;
                Ok(Some(slice))
            }
            Err(error) if error.is_eof() => Err(self.truncated()),
            Err(error) => Err(self.malformed(error.to_string())),
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Slice, SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.read().transpose();
        self.ended |= matches!(next, Some(Err(_)));
        next
    }
}

fn decoder(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let file = File::open(path)?;
    let read: Box<dyn Read + Send> = match path.extension().and_then(|extension| extension.to_str())
    {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(file)),
        Some("zst") => Box::new(zstd::Decoder::new(file)?),
        _ => Box::new(file),
    };
    Ok(Box::new(BufReader::new(read)))
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineward_rules::{Account, Application};

    fn header() -> Header {
        Header {
            schema: SCHEMA.into(),
            run: "run".into(),
            started_at: Timestamp::UNIX_EPOCH,
            organization: Organization::default(),
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
        assert!(read(&path).unwrap_err().contains(":1: is no snapshot"));
        std::fs::write(&path, "").unwrap();
        assert!(read(&path).unwrap_err().contains("is empty"));
        assert!(
            read(Path::new("/nonexistent"))
                .unwrap_err()
                .contains("can't read")
        );
    }

    #[test]
    fn a_snapshot_that_was_not_finished_does_not_take_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("estate.jsonl");
        drop(Writer::create(&path, &header()).unwrap());
        assert!(!path.exists());
    }
}
