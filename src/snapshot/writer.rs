//! Writes snapshots.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use lineward_rules::Slice;
use serde::Serialize;

use super::{End, Header, SnapshotError, Trailer};

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
            line(output, value)
        };
        write().map_err(|source| SnapshotError::Write {
            path: self.path.clone(),
            source,
        })
    }
}

/// A whole snapshot in memory, compressed as `.zst`.
pub fn encode(
    header: &Header,
    slices: &[Slice],
    finished_at: Timestamp,
) -> Result<Vec<u8>, SnapshotError> {
    let write = || {
        let mut output = zstd::Encoder::new(Vec::new(), 0)?;
        line(&mut output, header)?;
        for slice in slices {
            line(&mut output, slice)?;
        }
        let end = End {
            slices: slices.len(),
            finished_at,
        };
        line(&mut output, &Trailer { end })?;
        output.finish()
    };
    write().map_err(|source| SnapshotError::Write {
        path: PathBuf::from("memory"),
        source,
    })
}

fn line(output: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *output, value)?;
    output.write_all(b"\n")
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

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
