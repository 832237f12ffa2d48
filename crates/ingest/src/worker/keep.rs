//! From a ladder's files to a stored transcode; and which track sounds the same as a new one.

use fanfare_analysis::fingerprint;
use fanfare_model::{ContentHash, ErrorKind, Result, TrackId, features::Fingerprint};
use fanfare_store::{BlobKind, Store, Transcode, TranscodePart};

use super::ladder::{MadeVariant, removed};

/// How much longer or shorter the same recording may be, in seconds: leading and trailing silence differ.
const TWIN_WITHIN_S: f64 = 5.0;
/// The most tracks of about the same length that a new one is compared with.
const MAX_CANDIDATES: u32 = 2_000;
/// How alike two fingerprints of the same recording are at least ([`Match::score`](fingerprint::Match::score)): the most
/// bits that may differ ([`MOST_BIT_ERRORS`](fingerprint::MOST_BIT_ERRORS)) over the whole length. Encodings at low rates
/// reach 0.76.
const TWIN_SCORE: f64 = 0.6;

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

/// Which tracks a twin is looked for among.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    /// All that are stored.
    All,
    /// Those that came before this one: of two copies, the later is the twin of the earlier.
    Earlier,
}

/// Another track that is the same recording, if there is one.
pub(crate) async fn twin(
    store: &Store,
    track: TrackId,
    duration_s: f64,
    fingerprint: Option<&Fingerprint>,
    among: Among,
) -> Option<TrackId> {
    let (_, codes) = fingerprint::unpack(&fingerprint?.chromaprint).ok()?;
    let near = store.catalog().fingerprints_near(track, duration_s, TWIN_WITHIN_S, MAX_CANDIDATES).await;
    let near =
        near.inspect_err(|error| tracing::warn!(%error, "could not look for the same recording")).ok()?;
    let compared = tokio::task::spawn_blocking(move || {
        let query = fingerprint::Query::new(&codes);
        let meant = near.into_iter().filter(|(other, _)| among == Among::All || *other < track);
        let alike = meant.filter_map(|(track, packed)| {
            let (_, other) = fingerprint::unpack(&packed.chromaprint).ok()?;
            let score = query.compare(&other)?.score;
            (score >= TWIN_SCORE).then_some((score, track))
        });
        alike.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, track)| track)
    });
    compared.await.ok().flatten()
}
