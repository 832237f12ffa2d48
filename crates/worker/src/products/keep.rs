//! From a ladder's files to a stored transcode.

use fanfare_model::{ContentHash, Error, ErrorKind, Result};
use fanfare_store::{BlobKind, Store, Transcode, TranscodePart};

use super::made::MadeVariant;

/// Stores the files of a ladder; its row is the caller's to write.
///
/// # Errors
/// `NoSpace`, `Io`; what was stored by then belongs to no row and is swept.
pub(crate) async fn keep(
    store: &Store,
    hash: ContentHash,
    profile: String,
    pinned: bool,
    variants: Vec<MadeVariant>,
) -> Result<Transcode> {
    let mut parts = Vec::with_capacity(variants.len());
    for variant in variants {
        let blob = match store.blobs().adopt(BlobKind::Media, &variant.file).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(removed().because(error)),
            stored => stored?,
        };
        let size_bytes = variant
            .segments
            .last()
            .map_or(variant.facts.init_bytes, |last| last.offset_bytes + last.len_bytes);
        parts.push(TranscodePart { blob, size_bytes, facts: variant.facts, segments: variant.segments });
    }
    Ok(Transcode { hash, profile, pinned, parts })
}

/// A server that restarts removes what lies in the staging folder, also files of the earlier server's worker that has not
/// ended yet: no fault of the track.
pub(crate) fn removed() -> Error {
    Error::new(ErrorKind::Io, "what was made was removed by a server that restarted")
}
