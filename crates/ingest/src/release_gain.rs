//! The gain of a release: what its tracks have in common, from what is stored of each ([`release_gain`]).
//!
//! It is computed when it is asked for, from the gating blocks that are stored with every track: nothing is decoded, and
//! there is nothing to keep in step with the tracks. A release has a gain when all its tracks are here and analyzed and
//! every value can be true ([`Judged`]).

use fanfare_analysis::loudness::{AlbumDoubt, Gain, Judged, Measured};
use fanfare_model::{
    Presence, ReleaseId, Result, Track,
    features::{AnalyzerOutcome, FeaturePart, Loudness},
};
use fanfare_store::{MAX_PAGE, Store, TrackQuery};

/// More tracks than this are not a release but many files with the same tag: a gain of them all would change with every
/// file that is added.
const MAX_RELEASE_TRACKS: u64 = MAX_PAGE as u64;

/// The gain of a release, or why it has none.
///
/// # Errors
/// Those of the database. A release that does not exist has no tracks, which is a reason and no error.
pub async fn release_gain(release: ReleaseId, store: &Store) -> Result<std::result::Result<Gain, String>> {
    let tracks = match analyzed_tracks(release, store).await?.1 {
        Release::Waits => return Ok(Err("some of its tracks are not analyzed yet".to_owned())),
        Release::TooLarge(why) | Release::Partial(_, why) => return Ok(Err(why)),
        Release::Whole(tracks) => tracks,
    };
    let measured = measured(tracks, store).await?;
    if let Some(why) = unmeasured(&measured) {
        return Ok(Err(why));
    }
    let known: Vec<Measured<'_>> = measured
        .iter()
        .filter_map(|(track, loudness)| {
            Some(Measured { loudness: loudness.as_ref()?, audio: track.audio.as_ref() })
        })
        .collect();
    Ok(Judged::of(&known).album.map_err(|doubt| named(&doubt, measured.iter().map(|(track, _)| track))))
}

/// Why a release has no values, with the name of the file because of which it has none.
pub(crate) fn named<'a>(doubt: &AlbumDoubt, mut tracks: impl Iterator<Item = &'a Track>) -> String {
    match doubt.track.and_then(|at| tracks.nth(at)) {
        Some(track) => format!("{}: {}", track.relative_path, doubt.why),
        None => doubt.why.to_string(),
    }
}

/// How far a release is.
pub(crate) enum Release {
    /// Some of its tracks wait for their analysis.
    Waits,
    /// Every track of it is analyzed.
    Whole(Vec<Track>),
    /// The release has no values, for this reason; these tracks of it have.
    Partial(Vec<Track>, String),
    /// It has too many tracks, as the sentence says; they are not read.
    TooLarge(String),
}

/// The title of a release, and its analyzed tracks.
pub(crate) async fn analyzed_tracks(release: ReleaseId, store: &Store) -> Result<(String, Release)> {
    let query = TrackQuery { release: Some(release), limit: MAX_PAGE, ..TrackQuery::default() };
    let page = store.catalog().tracks(&query).await?;
    // A track that is missing still belongs to the release.
    let missing = TrackQuery { presence: Presence::Missing, limit: 1, ..query };
    let missing = store.catalog().tracks(&missing).await?.total;
    let title = page.items.first().and_then(|row| row.release_title.clone()).unwrap_or_default();
    if page.total > MAX_RELEASE_TRACKS {
        let why = format!("it has more than {MAX_RELEASE_TRACKS} tracks");
        return Ok((title, Release::TooLarge(why)));
    }
    let tracks: Vec<Track> = page.items.into_iter().map(|row| row.track).collect();
    if tracks.iter().any(|track| track.content_hash.is_none() && track.failure.is_none()) {
        return Ok((title, Release::Waits));
    }
    let failed = tracks.iter().find(|track| track.content_hash.is_none() || track.failure.is_some());
    let why = match (missing, failed) {
        (1.., _) => "a track of it is missing".to_owned(),
        (0, Some(failed)) => format!("{} could not be analyzed", failed.relative_path),
        (0, None) => return Ok((title, Release::Whole(tracks))),
    };
    let analyzed = tracks.into_iter().filter(|track| track.content_hash.is_some() && track.failure.is_none());
    Ok((title, Release::Partial(analyzed.collect(), why)))
}

/// What was measured of the loudness of each; `None` when it was not.
pub(crate) async fn measured(tracks: Vec<Track>, store: &Store) -> Result<Vec<(Track, Option<Loudness>)>> {
    let mut measured = Vec::with_capacity(tracks.len());
    for track in tracks {
        let (results, _) = store.catalog().analysis(track.id).await?;
        let loudness = results.into_iter().find_map(|result| match result.outcome {
            AnalyzerOutcome::Ok { part: FeaturePart::Loudness(loudness), .. } => Some(loudness),
            _ => None,
        });
        measured.push((track, loudness));
    }
    Ok(measured)
}

/// Which track has no loudness, as a sentence; `None` when all have.
pub(crate) fn unmeasured(measured: &[(Track, Option<Loudness>)]) -> Option<String> {
    let (track, _) = measured.iter().find(|(_, loudness)| loudness.is_none())?;
    Some(format!("the loudness of {} was not measured", track.relative_path))
}
