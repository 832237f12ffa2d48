//! The gain of a release: what its tracks have in common, from what is stored of each ([`release_gain`]).
//!
//! It is computed when it is asked for, from the gating blocks that are stored with every track: nothing is decoded, and
//! there is nothing to keep in step with the tracks. The rule is that of [`fanfare_analysis::loudness::Release`], which also
//! `analyze --album` and the writing of tags go by. While a track waits for its analysis there is no gain: it would be
//! another one in a minute.

use fanfare_analysis::loudness::{Judged, Measured};
use fanfare_model::{
    Presence, ReleaseId, Result, Track,
    features::{AnalyzerOutcome, FeaturePart, Loudness},
};
use fanfare_store::{MAX_PAGE, Store, TrackQuery};

/// More tracks than this are not a release but many files with the same tag: a gain of them all would change with every
/// file that is added.
const MAX_RELEASE_TRACKS: u64 = MAX_PAGE as u64;

/// The gain of a release, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReleaseGain {
    /// Gain in dB that brings all its tracks together to -18 LUFS.
    pub gain_db: Option<f64>,
    /// The largest true peak of its tracks, as a factor of full scale.
    pub peak: Option<f64>,
    /// Why there is no gain.
    pub reason: Option<String>,
    /// The tracks that do not count, each with the reason: they are missing, failed, or have impossible values.
    pub missing: Vec<String>,
}

/// The gain of a release, or why it has none.
///
/// # Errors
/// Those of the database. A release that does not exist has no tracks, which is a reason and no error.
pub async fn release_gain(release: ReleaseId, store: &Store) -> Result<ReleaseGain> {
    let without = |reason| Ok(ReleaseGain { reason: Some(reason), ..ReleaseGain::default() });
    let (tracks, absent) = match tracks_of(release, store).await?.1 {
        Tracks::Wait => return without("some of its tracks are not analyzed yet".to_owned()),
        Tracks::TooMany(why) => return without(why),
        Tracks::Are { here, missing } => (here, missing),
    };
    let measured = measured(tracks, store).await?;
    let judged = judged(&measured);
    let missing = left_out(&measured, &judged, absent).collect();
    let reason = judged.release.no_gain.map(|why| why.to_string());
    Ok(ReleaseGain { gain_db: judged.release.gain_db, peak: judged.release.peak, reason, missing })
}

/// The tracks of a release, as they are found.
pub(crate) enum Tracks {
    /// Some of them wait for their analysis.
    Wait,
    /// There are too many, as the sentence says; they are not read.
    TooMany(String),
    /// None waits.
    Are {
        /// Those whose file is there.
        here: Vec<Track>,
        /// The paths of the others.
        missing: Vec<String>,
    },
}

/// The title of a release, and its tracks.
pub(crate) async fn tracks_of(release: ReleaseId, store: &Store) -> Result<(String, Tracks)> {
    let query = TrackQuery { release: Some(release), limit: MAX_PAGE, ..TrackQuery::default() };
    let page = store.catalog().tracks(&query).await?;
    let title = page.items.first().and_then(|row| row.release_title.clone()).unwrap_or_default();
    if page.total > MAX_RELEASE_TRACKS {
        let why = format!("it has more than {MAX_RELEASE_TRACKS} tracks");
        return Ok((title, Tracks::TooMany(why)));
    }
    let here: Vec<Track> = page.items.into_iter().map(|row| row.track).collect();
    if here.iter().any(|track| track.content_hash.is_none() && track.failure.is_none()) {
        return Ok((title, Tracks::Wait));
    }
    // A track whose file is missing still belongs to the release.
    let absent = TrackQuery { presence: Presence::Missing, ..query };
    let absent = store.catalog().tracks(&absent).await?.items;
    let missing = absent.into_iter().map(|row| row.track.relative_path).collect();
    Ok((title, Tracks::Are { here, missing }))
}

/// What was measured of the loudness of each; `None` when it was not.
pub(crate) async fn measured(tracks: Vec<Track>, store: &Store) -> Result<Vec<(Track, Option<Loudness>)>> {
    let mut measured = Vec::with_capacity(tracks.len());
    for track in tracks {
        // What an earlier version of a file measured says nothing about one that failed since.
        if track.content_hash.is_none() || track.failure.is_some() {
            measured.push((track, None));
            continue;
        }
        let (results, _) = store.catalog().analysis(track.id).await?;
        let loudness = results.into_iter().find_map(|result| match result.outcome {
            AnalyzerOutcome::Ok { part: FeaturePart::Loudness(loudness), .. } => Some(loudness),
            _ => None,
        });
        measured.push((track, loudness));
    }
    Ok(measured)
}

/// The judgement of these tracks, as if they were all of a release.
pub(crate) fn judged(tracks: &[(Track, Option<Loudness>)]) -> Judged {
    let measured = tracks.iter().map(|(track, loudness)| {
        loudness.as_ref().map(|loudness| Measured { loudness, audio: track.audio.as_ref() })
    });
    Judged::of(&measured.collect::<Vec<_>>())
}

/// The tracks that do not count, each by its path and with the reason.
pub(crate) fn left_out(
    tracks: &[(Track, Option<Loudness>)],
    judged: &Judged,
    absent: Vec<String>,
) -> impl Iterator<Item = String> {
    let named = judged.release.left_out.iter().filter_map(|(at, why)| {
        let (track, _) = tracks.get(*at)?;
        let path = &track.relative_path;
        Some(match &track.failure {
            Some(failure) => format!("{path} could not be analyzed: {}", failure.message),
            None => format!("{path}: {why}"),
        })
    });
    let absent = absent.into_iter().map(|path| format!("{path}: the file is missing"));
    named.chain(absent)
}
