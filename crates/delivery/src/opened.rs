//! What a request for a track is answered with, and how: [`Opened`].

use std::sync::Arc;

use bytes::Bytes;
use fanfare_model::Quality;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::{
    OpenFile,
    announced::Announced,
    answer::{Answer, Body},
    growing::GrowingFile,
};

/// The media type of playlists (RFC 8216 section 10).
pub(crate) const PLAYLIST: &str = "application/vnd.apple.mpegurl";

/// How the cache of transcodes took part in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheUse {
    /// A stored transcode is sent.
    Hit,
    /// A transcode is sent that is being made, or will be.
    Encoding,
    /// The original is sent, because nothing smaller is made of it.
    Original,
    /// The original is sent in place of a transcode that cannot be made now.
    Miss,
}

impl CacheUse {
    /// Its name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Encoding => "encoding",
            Self::Original => "original",
            Self::Miss => "miss",
        }
    }
}

/// What is sent, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// The quality that is really sent.
    pub quality: Quality,
    /// What the cache did for it.
    pub cache: CacheUse,
}

/// What a request is answered with.
pub struct Opened {
    pub(crate) source: Source,
    pub(crate) media_type: &'static str,
    /// What is said of the sound; `None` for parts of an HLS ladder.
    pub(crate) sent: Option<Sent>,
}

/// Where the bytes are.
pub(crate) enum Source {
    /// In a file that is whole, or in a part of one that does not change any more.
    File(OpenFile),
    /// In a file that is being made.
    Growing(Arc<GrowingFile>),
    /// Nowhere yet.
    Announced(Announced),
    /// Here, made for this answer; `None` where its length is not known before it is made.
    Text(Option<Bytes>),
}

impl Opened {
    /// What is said of the sound; `None` for parts of an HLS ladder.
    #[must_use]
    pub const fn sent(&self) -> Option<Sent> {
        self.sent
    }

    /// The media type of the representation.
    #[must_use]
    pub const fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// Whether these bytes are sound.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !matches!(self.source, Source::Announced(_)) && self.media_type != PLAYLIST
    }

    /// The answer to a `GET` or `HEAD` with these header fields. `boundary`: see [`crate::multipart::frame`].
    #[must_use]
    pub fn answer(&self, method: &Method, request: &HeaderMap, boundary: &str) -> Answer {
        let media_type = self.media_type;
        match &self.source {
            Source::File(file) => file.answer(method, request, media_type, boundary),
            Source::Growing(growing) => growing.answer(method, request, media_type, boundary),
            Source::Announced(announced) => announced.answer(request, media_type),
            Source::Text(text) => {
                let mut headers = HeaderMap::new();
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
                let Some(text) = text else {
                    return Answer { status: StatusCode::OK, headers, body: Body::Unknown };
                };
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
                let body = if method == Method::HEAD { Body::Empty } else { Body::Text(text.clone()) };
                Answer { status: StatusCode::OK, headers, body }
            }
        }
    }
}
