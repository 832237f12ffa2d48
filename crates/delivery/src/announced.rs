//! The header fields of a transcode that does not exist yet ([`announced`]): what `HEAD` is answered with.
//!
//! Purpose: a player that looks before it listens costs nothing. Length and tag follow from the plan alone, which is written
//! from what the catalog knows of the track, as the worker would write it.
//!
//! Invariant: a length is said only where it is certain: of tracks that were decoded once, so that their frames are counted.

use fanfare_audio::{Limits, transcode::TranscodePlan};
use fanfare_model::{ContentHash, Error, ErrorKind, Profile, Result, Track, TrackId};
use fanfare_store::{BlobKind, Store};
use http::{HeaderMap, HeaderValue, Method, header};

use crate::{
    EntityTag, Representation,
    answer::{Answer, Body},
    original::{Response, respond},
};

/// What a file will be, as far as that is known before it is made.
#[derive(Debug, Clone)]
pub struct Announced {
    etag: EntityTag,
    modified_s: Option<u64>,
    /// How many bytes it will have, where that is certain.
    len_bytes: Option<u64>,
}

impl Announced {
    /// Status and header fields of the answer to a `HEAD` with these header fields.
    #[must_use]
    pub fn answer(&self, request: &HeaderMap, media_type: &'static str) -> Answer {
        let representation = Representation {
            len: self.len_bytes.unwrap_or(0),
            etag: self.etag.clone(),
            last_modified_s: self.modified_s,
            date_is_strong: true,
        };
        let Response { status, mut headers, .. } =
            respond(&representation, &Method::HEAD, request, media_type, "");
        if self.len_bytes.is_none() {
            headers.remove(header::CONTENT_LENGTH);
        }
        headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(media_type));
        Answer { status, headers, body: Body::Unknown }
    }
}

/// What the file of that profile will be; `None` where it would be no smaller than the track's own.
///
/// # Errors
/// Errors of the store; `Unsupported` where it cannot be made.
pub(crate) async fn announced(store: &Store, track: &Track, profile: Profile) -> Result<Option<Announced>> {
    let announced = |len_bytes| Announced {
        etag: tag(track.hash, profile, track.id),
        modified_s: modified_s(track),
        len_bytes,
    };
    let counted = track.audio.as_ref().filter(|_| track.content_hash.is_some());
    let Some((audio, frames)) = counted.and_then(|audio| Some((audio.clone(), audio.frames?))) else {
        return Ok(Some(announced(None)));
    };
    let cover = match track.cover {
        Some(cover) => store.blobs().get(BlobKind::Cover, cover).await?,
        // One that is still to be made will be part of the file.
        None if store.catalog().wants_cover(track.id).await? => return Ok(Some(announced(None))),
        None => None,
    };
    let (tags, size_bytes) = (track.tags.clone(), track.size_bytes);
    let plan = tokio::task::spawn_blocking(move || {
        let spec = Limits::default().spec(audio.sample_rate_hz, usize::from(audio.channels))?;
        TranscodePlan::smaller_than(size_bytes, profile, spec, frames, (&tags, cover.as_deref()))
    });
    let plan = plan.await.map_err(|ended| {
        Error::new(ErrorKind::Internal, "writing a plan was interrupted").because(ended)
    })??;
    Ok(plan.map(|plan| announced(Some(plan.grid().len_bytes))))
}

/// The tag of a transcode: that of what it is made of, and how. Where the bytes are not known yet it promises nothing.
pub(crate) fn tag(hash: Option<ContentHash>, profile: Profile, track: TrackId) -> EntityTag {
    match hash {
        Some(hash) => EntityTag::strong(&format!("{profile}-{hash}")),
        None => EntityTag::weak(&format!("{profile}-{track}")),
    }
}

/// A transcode is as old as its source.
pub(crate) fn modified_s(track: &Track) -> Option<u64> {
    u64::try_from(track.modified.0 / 1_000).ok()
}
