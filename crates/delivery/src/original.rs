//! The original file of a track, or any other that is sent as it is.
//!
//! Purpose: open a file once ([`OpenFile::open`]), answer a request from that handle ([`OpenFile::answer`]).
//!
//! Invariants: length, time and tag come from the opened handle, never from the path or the catalog; only a regular file is
//! opened; an answer holds none of the file's bytes, only which they are; when the file changes while it
//! is sent, the body ends with an error (the connection breaks) instead of going on with other bytes.

use std::{
    fs::OpenOptions,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt},
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use fanfare_model::{Error, ErrorKind, Result};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::{
    answer::{Answer, Body},
    content::{self, Content},
    etag::EntityTag,
    multipart::{self, Piece},
    ranges::{self, ByteRange, Plan, Representation},
    slice::{FileSlice, Source, Version},
};

/// A file changed less than this many seconds ago may change again within the step of its time stamp, so its tag is weak.
const SETTLED_AFTER_S: u64 = 2;

/// A file that is open for sending.
#[derive(Debug, Clone)]
pub struct OpenFile {
    source: Source,
    /// Where in the file the representation begins.
    offset: u64,
    representation: Representation,
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
        let source = Source { file: Arc::new(file), seen: Some(seen) };
        Ok(Self { source, offset: 0, representation: describe(seen, now) })
    }

    /// Some of the file's bytes as a representation of their own: bytes that are there and never change, whatever is
    /// written behind them. `tag` names them (letters, digits, `-`).
    ///
    /// # Errors
    /// `NotFound` when the file ends before them.
    pub fn part(self, offset: u64, len: u64, tag: &str) -> Result<Self> {
        let end = offset.checked_add(len);
        let there = self.source.file.metadata().map(|metadata| metadata.len()).unwrap_or_default();
        if end.is_none_or(|end| end > there) {
            return Err(Error::new(ErrorKind::NotFound, "the file has no such part"));
        }
        let representation = Representation {
            len,
            etag: EntityTag::strong(tag),
            last_modified_s: None,
            date_is_strong: false,
        };
        let source = Source { seen: None, ..self.source };
        Ok(Self { source, offset, representation })
    }

    /// The same file under another tag and date: a transcode is known by what it was made of, and was known by that
    /// before it was whole.
    #[must_use]
    pub fn known_as(mut self, etag: EntityTag, modified_s: Option<u64>) -> Self {
        self.representation.etag = etag;
        self.representation.last_modified_s = modified_s;
        self.representation.date_is_strong = true;
        self
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
        let bytes = FileSlice::new(self.source.clone(), self.offset, len).read().await;
        bytes.map_err(|error| Error::from_io("reading a segment", error))
    }

    /// Whether the opened file is still where it was opened, as it was then: not written to, not removed, not replaced.
    #[must_use]
    pub fn is_current(&self) -> bool {
        let Ok(metadata) = self.source.file.metadata() else { return false };
        metadata.nlink() > 0 && self.source.seen.is_some_and(|seen| seen == Version::of(&metadata))
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
        let Response { status, headers, pieces } =
            respond(&self.representation, method, request, media_type, boundary);
        let pieces = pieces.filter(|_| method != Method::HEAD);
        let body = pieces.map_or(Body::Empty, |pieces| Body::Content(self.content(pieces)));
        Answer { status, headers, body }
    }

    /// The pieces in order, those of the file named by their place in it.
    fn content(&self, pieces: Vec<Piece>) -> Content {
        Content::new(pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => content::Piece::Text(text),
            Piece::File(range) => content::Piece::File(FileSlice::new(
                self.source.clone(),
                self.offset + range.first,
                range.size(),
            )),
        }))
    }
}

/// Status and header fields of an answer, and what its content is made of.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// `None`: there is no content. (For `HEAD` the content that `GET` would have.)
    pub(crate) pieces: Option<Vec<Piece>>,
}

/// How a request for a representation is answered, whatever holds its bytes.
pub(crate) fn respond(
    representation: &Representation,
    method: &Method,
    request: &HeaderMap,
    media_type: &'static str,
    boundary: &str,
) -> Response {
    let len = representation.len;
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    put(&mut headers, header::ETAG, &representation.etag.to_string());
    if let Some(modified) = representation.last_modified_s {
        put(&mut headers, header::LAST_MODIFIED, &ranges::http_date(modified));
    }
    let content_type = HeaderValue::from_static(media_type);
    let (status, pieces) = match ranges::plan(method, request, representation) {
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
            return Response { status: StatusCode::RANGE_NOT_SATISFIABLE, headers, pieces: None };
        }
        Plan::NotModified => return Response { status: StatusCode::NOT_MODIFIED, headers, pieces: None },
        Plan::PreconditionFailed => {
            return Response { status: StatusCode::PRECONDITION_FAILED, headers, pieces: None };
        }
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(pieces.iter().map(Piece::size).sum::<u64>()));
    Response { status, headers, pieces: Some(pieces) }
}

fn describe(seen: Version, now: SystemTime) -> Representation {
    let since_epoch = seen.modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let now_s = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let opaque = match since_epoch {
        // The inode change time too: a write that sets size and time back gets another tag.
        Some(since) => {
            format!("{:x}-{:x}-{:x}", seen.len, since.as_nanos(), seen.changed_ns.unwrap_or_default())
        }
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
