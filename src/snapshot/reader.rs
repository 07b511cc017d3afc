//! Reads snapshots.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use lineward_rules::Slice;
use serde::Deserialize;

use super::bounded::BoundedReader;
use super::{Header, SCHEMA, SnapshotError, Trailer};

/// The longest line in bytes, which is that of the largest account.
const LONGEST_LINE: u64 = 64 << 20;

/// The schema of a header, whatever else is in it.
#[derive(Deserialize)]
struct Named {
    schema: Option<String>,
}

/// Reads a snapshot, slice by slice.
pub struct Reader {
    path: PathBuf,
    text: Box<dyn BufRead + Send>,
    line: usize,
    slices: usize,
    ended: bool,
}

impl Reader {
    /// Opens a snapshot and reads its header.
    pub fn open(path: &Path) -> Result<(Header, Self), SnapshotError> {
        let unread = |source| SnapshotError::Read {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(unread)?;
        let size = file.metadata().map_err(unread)?.len();
        Self::begin(path, decoder(path, file, size).map_err(unread)?)
    }

    /// Reads the header of a snapshot in memory, compressed as its name says.
    pub fn decode(name: &str, bytes: &[u8]) -> Result<(Header, Self), SnapshotError> {
        let path = Path::new(name);
        let size = bytes.len() as u64;
        let bytes = decoder(path, Cursor::new(bytes.to_vec()), size);
        let bytes = bytes.map_err(|source| SnapshotError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::begin(path, bytes)
    }

    fn begin(path: &Path, text: Box<dyn BufRead + Send>) -> Result<(Header, Self), SnapshotError> {
        let mut reader = Self {
            path: path.to_owned(),
            text,
            line: 0,
            slices: 0,
            ended: false,
        };
        let Some(text) = reader.line()? else {
            return Err(reader.malformed("the file is empty".into()));
        };
        // The schema is read first: of another version nothing else may be expected to fit.
        let named: Named = serde_json::from_str(&text)
            .map_err(|error| reader.malformed(format!("is not a snapshot: {error}")))?;
        match named.schema {
            Some(schema) if schema == SCHEMA => {}
            Some(found) => {
                return Err(SnapshotError::OtherSchema {
                    path: reader.path,
                    found,
                });
            }
            None => return Err(reader.malformed("is not a snapshot: names no `schema`".into())),
        }
        let header =
            serde_json::from_str(&text).map_err(|error| reader.malformed(error.to_string()))?;
        Ok((header, reader))
    }

    fn line(&mut self) -> Result<Option<String>, SnapshotError> {
        self.line += 1;
        let mut line = Vec::new();
        let mut bounded = self.text.by_ref().take(LONGEST_LINE + 1);
        let read = bounded.read_until(b'\n', &mut line);
        read.map_err(|source| {
            // A compressed file that was cut.
            if source.kind() == io::ErrorKind::UnexpectedEof {
                return self.truncated();
            }
            SnapshotError::Read {
                path: self.path.clone(),
                source,
            }
        })?;
        if line.len() as u64 > LONGEST_LINE {
            return Err(self.malformed("is longer than 64 MB".into()));
        }
        if line.is_empty() {
            return Ok(None);
        }
        let line = String::from_utf8(line).map_err(|_| self.malformed("is not UTF-8".into()))?;
        Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
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
            // Only at its end does a compressed file tell whether it is whole.
            return match self.line()? {
                None => Ok(None),
                Some(_) => Err(self.malformed("there is more after the end".into())),
            };
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

fn decoder(
    path: &Path,
    file: impl Read + Send + 'static,
    size: u64,
) -> io::Result<Box<dyn BufRead + Send>> {
    let read: Box<dyn Read + Send> = match path.extension().and_then(|extension| extension.to_str())
    {
        Some("gz") => Box::new(BoundedReader::new(
            flate2::read::MultiGzDecoder::new(file),
            size,
        )),
        Some("zst") => Box::new(BoundedReader::new(zstd::Decoder::new(file)?, size)),
        _ => Box::new(file),
    };
    Ok(Box::new(BufReader::new(read)))
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
