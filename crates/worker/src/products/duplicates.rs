//! Which stored track is the same recording as a new one.

use fanfare_analysis::fingerprint;
use fanfare_model::{TrackId, features::Fingerprint};
use fanfare_store::Store;

/// How much longer or shorter the same recording may be, in seconds: leading and trailing silence differ.
const DUPLICATE_WITHIN_S: f64 = 5.0;
/// The most tracks of about the same length that a new one is compared with.
const MAX_CANDIDATES: u32 = 2_000;
/// How alike two fingerprints of the same recording are at least ([`Match::score`](fingerprint::Match::score)): the most
/// bits that may differ ([`MOST_BIT_ERRORS`](fingerprint::MOST_BIT_ERRORS)) over the whole length. Encodings at low rates
/// reach 0.76.
const DUPLICATE_SCORE: f64 = 0.6;

/// Which tracks a duplicate is looked for among.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    /// All that are stored.
    All,
    /// Those that came before this one: of two copies, the later is the duplicate of the earlier.
    Earlier,
}

/// Another track that is the same recording, if there is one.
pub(crate) async fn duplicate(
    store: &Store,
    track: TrackId,
    duration_s: f64,
    fingerprint: Option<&Fingerprint>,
    among: Among,
) -> Option<TrackId> {
    let (_, codes) = fingerprint::unpack(&fingerprint?.chromaprint).ok()?;
    let near = store.catalog().fingerprints_near(track, duration_s, DUPLICATE_WITHIN_S, MAX_CANDIDATES).await;
    let near =
        near.inspect_err(|error| tracing::warn!(%error, "could not look for the same recording")).ok()?;
    let compared = tokio::task::spawn_blocking(move || {
        let query = fingerprint::Query::new(&codes);
        let meant = near.into_iter().filter(|(other, _)| among == Among::All || *other < track);
        let alike = meant.filter_map(|(track, packed)| {
            let (_, other) = fingerprint::unpack(&packed.chromaprint).ok()?;
            let score = query.compare(&other)?.score;
            (score >= DUPLICATE_SCORE).then_some((score, track))
        });
        alike.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, track)| track)
    });
    compared.await.ok().flatten()
}
