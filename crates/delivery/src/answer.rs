//! [`Answer`]: status, header fields and bytes of an answer, wherever the bytes come from.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::content::{ByteStream, Content};

/// Status, header fields and body of an answer.
pub struct Answer {
    /// 200, 206, 304, 412 or 416.
    pub status: StatusCode,
    /// Everything but fields of the connection.
    pub headers: HeaderMap,
    /// The bytes.
    pub body: Body,
}

/// The bytes of an answer.
pub enum Body {
    /// There are none. (`HEAD` has the fields of `GET` and no content.)
    Empty,
    /// None are sent, and how many there would be is not said.
    Unknown,
    /// Bytes of ours.
    Text(Bytes),
    /// Bytes of ours and of files.
    Content(Content),
    /// Bytes as they are made.
    Stream(ByteStream),
}

impl Body {
    /// Bytes of ours and of files; `None` for any other body.
    #[must_use]
    pub fn content(self) -> Option<Content> {
        match self {
            Self::Content(content) => Some(content),
            _ => None,
        }
    }
}
