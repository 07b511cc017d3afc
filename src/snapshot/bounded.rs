//! Reads no more than a file of its size can honestly hold: a few bytes may expand to gigabytes.

use std::io::{self, Read};

/// What any file may expand to.
const ANY: u64 = 256 << 20;

/// How many bytes each byte of a file may expand to beyond that.
const EACH: u64 = 256;

/// A reader that fails once too much has come out of it.
pub(crate) struct BoundedReader<R> {
    inner: R,
    left: u64,
}

impl<R: Read> BoundedReader<R> {
    /// Bounds what is expanded from so many bytes.
    pub(crate) fn new(inner: R, compressed: u64) -> Self {
        let left = compressed.saturating_mul(EACH).saturating_add(ANY);
        Self { inner, left }
    }
}

impl<R: Read> Read for BoundedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let left = self.left.checked_sub(count as u64);
        self.left = left.ok_or_else(|| {
            let message = "it expands to more than an honest file of its size";
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        Ok(count)
    }
}
