//! The original file of a track, streamed.
//!
//! Purpose: open a file once ([`OpenFile::open`]), answer a request from that handle ([`OpenFile::answer`]).
//!
//! Invariants: length, time and tag come from the opened handle, never from the path or the catalog; only a regular file is
//! opened; memory per answer is one buffer of [`BUFFER_BYTES`], whatever the range; when the file changes while it
//! is sent, the body ends with an error (the connection breaks) instead of going on with other bytes.

use std::{
    fs::{File, Metadata, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    pin::Pin,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::{Bytes, BytesMut};
use fanfare_model::{Error, ErrorKind, Result};
use futures_util::{Stream, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::{
    etag::EntityTag,
    multipart::{self, Piece},
    ranges::{self, ByteRange, Plan, Representation},
};

/// How many bytes are read from the file at a time.
pub const BUFFER_BYTES: usize = 128 * 1024;

/// A file changed less than this many seconds ago may change again within the step of its time stamp, so its tag is weak.
const SETTLED_AFTER_S: u64 = 2;

/// The bytes of a body, in buffers of at most [`BUFFER_BYTES`].
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// A file that is open for sending.
#[derive(Debug, Clone)]
pub struct OpenFile {
    file: Arc<File>,
    /// The version that was opened; `None` for bytes that never change, as a [part](Self::part) of a file that grows.
    seen: Option<Version>,
    /// Where in the file the representation begins.
    offset: u64,
    representation: Representation,
}

/// What tells two versions of a file apart, as seen through its handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    len: u64,
    modified: Option<SystemTime>,
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self { len: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// Status, header fields and body of an answer.
pub struct Answer {
    /// 200, 206, 304, 412 or 416.
    pub status: StatusCode,
    /// Everything but fields of the connection.
    pub headers: HeaderMap,
    /// `None`: the answer has no content. (`HEAD` has the fields of `GET` and no content.)
    pub body: Option<ByteStream>,
}

impl OpenFile {
    /// Opens that file. `now` decides whether its last change is long enough ago for a strong tag.
    ///
    /// # Errors
    /// `NotFound`, `PermissionDenied`, `Io` as the system says; `NotFound` as well for anything but a regular file.
    pub async fn open(path: &Path, now: SystemTime) -> Result<Self> {
        let path = path.to_owned();
        match tokio::task::spawn_blocking(move || Self::open_blocking(&path, now)).await {
            Ok(opened) => opened,
            Err(ended) => {
                Err(Error::new(ErrorKind::Internal, "opening the file was interrupted").because(ended))
            }
        }
    }

    fn open_blocking(path: &Path, now: SystemTime) -> Result<Self> {
        // NONBLOCK: opening a named pipe must not wait for a writer. It has no effect on regular files.
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(path)
            .map_err(|error| Error::from_io("the track's file cannot be opened", error))?;
        let metadata =
            file.metadata().map_err(|error| Error::from_io("the track's file cannot be examined", error))?;
        if !metadata.is_file() {
            return Err(Error::new(ErrorKind::NotFound, "the track's file is no regular file"));
        }
        let seen = Version::of(&metadata);
        Ok(Self { file: Arc::new(file), seen: Some(seen), offset: 0, representation: describe(seen, now) })
    }

    /// Some of the file's bytes as a representation of their own: bytes that are there and never change, whatever is
    /// written behind them. `tag` names them (letters, digits, `-`).
    ///
    /// # Errors
    /// `NotFound` when the file ends before them.
    pub fn part(self, offset: u64, len: u64, tag: &str) -> Result<Self> {
        let end = offset.checked_add(len);
        let there = self.file.metadata().map(|metadata| metadata.len()).unwrap_or_default();
        if end.is_none_or(|end| end > there) {
            return Err(Error::new(ErrorKind::NotFound, "the file has no such part"));
        }
        let representation = Representation {
            len,
            etag: EntityTag::strong(tag),
            last_modified_s: None,
            date_is_strong: false,
        };
        Ok(Self { file: self.file, seen: None, offset, representation })
    }

    /// All of it at once, for small representations that are repackaged.
    ///
    /// # Errors
    /// `LimitExceeded` when it is larger than `max_bytes`; `Io`.
    pub async fn read_whole(&self, max_bytes: u64) -> Result<Bytes> {
        let len = self.representation.len;
        if len > max_bytes {
            return Err(Error::limit("segment_bytes", len, max_bytes));
        }
        let bytes = read(Arc::clone(&self.file), self.seen, self.offset, len).await;
        bytes.map_err(|error| Error::from_io("reading a segment", error))
    }

    /// Length and validators of the opened file.
    #[must_use]
    pub const fn representation(&self) -> &Representation {
        &self.representation
    }

    /// The answer to a `GET` or `HEAD` with these header fields. `boundary`: see [`multipart::frame`].
    #[must_use]
    pub fn answer(
        &self,
        method: &Method,
        request: &HeaderMap,
        media_type: &'static str,
        boundary: &str,
    ) -> Answer {
        let len = self.representation.len;
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        put(&mut headers, header::ETAG, &self.representation.etag.to_string());
        if let Some(modified) = self.representation.last_modified_s {
            put(&mut headers, header::LAST_MODIFIED, &ranges::http_date(modified));
        }
        let content_type = HeaderValue::from_static(media_type);
        let (status, pieces) = match ranges::plan(method, request, &self.representation) {
            Plan::Whole => {
                headers.insert(header::CONTENT_TYPE, content_type);
                let all = len.checked_sub(1).map(|last| Piece::File(ByteRange { first: 0, last }));
                (StatusCode::OK, all.into_iter().collect::<Vec<_>>())
            }
            Plan::Part(part) => {
                headers.insert(header::CONTENT_TYPE, content_type);
                put(&mut headers, header::CONTENT_RANGE, &part.content_range(len));
                (StatusCode::PARTIAL_CONTENT, vec![Piece::File(part)])
            }
            Plan::Parts(parts) => {
                let value = format!("multipart/byteranges; boundary={boundary}");
                put(&mut headers, header::CONTENT_TYPE, &value);
                (StatusCode::PARTIAL_CONTENT, multipart::frame(&parts, boundary, media_type, len))
            }
            Plan::Unsatisfiable => {
                put(&mut headers, header::CONTENT_RANGE, &format!("bytes */{len}"));
                return Answer { status: StatusCode::RANGE_NOT_SATISFIABLE, headers, body: None };
            }
            Plan::NotModified => return Answer { status: StatusCode::NOT_MODIFIED, headers, body: None },
            Plan::PreconditionFailed => {
                return Answer { status: StatusCode::PRECONDITION_FAILED, headers, body: None };
            }
        };
        headers
            .insert(header::CONTENT_LENGTH, HeaderValue::from(pieces.iter().map(Piece::size).sum::<u64>()));
        let body = (method != Method::HEAD).then(|| self.stream(pieces));
        Answer { status, headers, body }
    }

    /// The pieces in order, the file read by position so that answers share the handle.
    fn stream(&self, pieces: Vec<Piece>) -> ByteStream {
        let (file, seen, offset) = (Arc::clone(&self.file), self.seen, self.offset);
        let start = (pieces.into_iter(), None::<ByteRange>);
        Box::pin(stream::try_unfold(start, move |(mut pieces, mut rest)| {
            let file = Arc::clone(&file);
            async move {
                loop {
                    if let Some(range) = rest {
                        let size = range.size().min(BUFFER_BYTES as u64);
                        let bytes = read(file, seen, offset + range.first, size).await?;
                        let first = range.first + size;
                        let rest = (first <= range.last).then_some(ByteRange { first, last: range.last });
                        return Ok(Some((bytes, (pieces, rest))));
                    }
                    match pieces.next() {
                        None => return Ok(None),
                        Some(Piece::Text(text)) => return Ok(Some((text, (pieces, None)))),
                        Some(Piece::File(range)) => rest = Some(range),
                    }
                }
            }
        }))
    }
}

/// Reads exactly `size` bytes, or fails: at an early end, or when the file is no longer the one that was described.
async fn read(file: Arc<File>, seen: Option<Version>, first: u64, size: u64) -> io::Result<Bytes> {
    let blocking = tokio::task::spawn_blocking(move || {
        let mut buffer = BytesMut::zeroed(usize::try_from(size).map_err(io::Error::other)?);
        file.read_exact_at(&mut buffer, first)?;
        if let Some(seen) = seen
            && Version::of(&file.metadata()?) != seen
        {
            return Err(io::Error::other("the file was changed while it was sent"));
        }
        Ok(buffer.freeze())
    });
    blocking.await.map_err(io::Error::other)?
}

fn describe(seen: Version, now: SystemTime) -> Representation {
    let since_epoch = seen.modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let now_s = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let opaque = match since_epoch {
        Some(since) => format!("{:x}-{:x}", seen.len, since.as_nanos()),
        None => format!("{:x}", seen.len),
    };
    let settled = since_epoch.is_some_and(|since| since.as_secs() + SETTLED_AFTER_S <= now_s);
    Representation {
        len: seen.len,
        etag: if settled { EntityTag::strong(&opaque) } else { EntityTag::weak(&opaque) },
        // 8.8.2.1: an origin server must not send a Last-Modified later than now.
        last_modified_s: since_epoch.map(|since| since.as_secs()).filter(|modified| *modified <= now_s),
        date_is_strong: settled,
    }
}

/// Sets a field whose value is made of digits, dates and fixed words only.
fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
#[path = "original_tests.rs"]
mod tests;
