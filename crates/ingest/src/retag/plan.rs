//! Which values of a track and of its release are to be written: [`what_to_write`].
//!
//! All measured values pass [`Judged`]. A file with a value that cannot be true gets nothing, and a release with such a
//! file, or with one whose loudness or peak is not known, gets no release gain in any of its files.

use fanfare_analysis::loudness::{AlbumDoubt, Judged, Measured};
use fanfare_audio::{AlbumGain, HeardFile};
use fanfare_model::{
    Error, ErrorKind, Presence, ReleaseId, Result, Track,
    features::{AnalyzerOutcome, FeaturePart, Loudness},
};
use fanfare_store::{MAX_PAGE, Store, TrackQuery};

use super::{Doubted, Plan, Ready};

/// More tracks than this are not a release but many files with the same tag: a gain of them all would be written again into
/// all of them with every file that is added.
const MAX_RELEASE_TRACKS: u64 = MAX_PAGE as u64;

/// How far a release is.
enum Release {
    /// Some of its tracks wait for their analysis.
    Waits,
    /// Every track of it is analyzed.
    Whole(Vec<Track>),
    /// The release has no values, for this reason; its tracks have.
    Partial(Vec<Track>, String),
}

/// The track alone, or all tracks of its release with the release's gain, once none of them waits for its analysis.
pub(crate) async fn what_to_write(track: &Track, store: &Store) -> Result<Plan> {
    // An upload is kept as it was sent: its owner has the same file elsewhere.
    if track.home.folder().is_none() {
        return Ok(Plan::default());
    }
    let Some(release) = track.release else {
        return Ok(judge(&measured(vec![track.clone()], store).await?).0);
    };
    let (title, found) = tracks_of(release, track, store).await?;
    let (tracks, mut partial) = match found {
        Release::Waits => return Ok(Plan::default()),
        Release::Whole(tracks) => (tracks, None),
        Release::Partial(tracks, why) => (tracks, Some(why)),
    };
    let measured = measured(tracks, store).await?;
    if let Some((unmeasured, _)) = measured.iter().find(|(_, loudness)| loudness.is_none()) {
        partial
            .get_or_insert_with(|| format!("the loudness of {} was not measured", unmeasured.relative_path));
    }
    let (mut plan, doubt) = judge(&measured);
    if let Some(why) = partial.or(doubt) {
        plan.album = None;
        let said = format!("no gain of the release {title:?} is written: {why}");
        plan.no_album = Some((release, Error::new(ErrorKind::Invalid, said)));
    }
    Ok(plan)
}

/// The plan for these tracks, as if they were all of a release, and why it would have no gain.
fn judge(tracks: &[(Track, Option<Loudness>)]) -> (Plan, Option<String>) {
    let known: Vec<(&Track, &Loudness)> =
        tracks.iter().filter_map(|(track, loudness)| Some((track, loudness.as_ref()?))).collect();
    let measured = known.iter().map(|(track, loudness)| Measured { loudness, audio: track.audio.as_ref() });
    let judged = Judged::of(&measured.collect::<Vec<_>>());
    let mut plan = Plan::default();
    for ((track, _), found) in known.iter().zip(judged.tracks) {
        let heard = track.home.folder().zip(track.content_hash).map(|(_, hash)| HeardFile {
            size_bytes: track.size_bytes,
            modified: track.modified,
            content_hash: Some(hash),
        });
        match (found, heard) {
            (Ok(gain), Some(heard)) => {
                plan.ready.push(Ready { id: track.id, heard, gain, known: track.tags.clone() });
            }
            (Err(doubt), Some(_)) if doubt.is_of_a_value() => {
                let error = Error::new(ErrorKind::Invalid, format!("nothing is written: {doubt}"));
                plan.doubted.push(Doubted { id: track.id, file: track.relative_path.clone(), error });
            }
            _ => {}
        }
    }
    match judged.album {
        Ok(gain) => {
            // A track alone is no release.
            plan.album = known
                .first()
                .and_then(|(track, _)| track.release)
                .map(|_| AlbumGain { gain_db: gain.gain_db, peak: gain.peak });
            (plan, None)
        }
        Err(AlbumDoubt { track, why }) => {
            let of =
                track.and_then(|at| known.get(at)).map(|(track, _)| format!("{}: ", track.relative_path));
            (plan, Some(format!("{}{why}", of.unwrap_or_default())))
        }
    }
}

/// The title of a release, and how far it is.
async fn tracks_of(release: ReleaseId, track: &Track, store: &Store) -> Result<(String, Release)> {
    let query = TrackQuery { release: Some(release), limit: MAX_PAGE, ..TrackQuery::default() };
    let page = store.catalog().tracks(&query).await?;
    // A track that is missing still belongs to the release.
    let missing = TrackQuery { presence: Presence::Missing, limit: 1, ..query };
    let missing = store.catalog().tracks(&missing).await?.total;
    let title = page.items.first().and_then(|row| row.release_title.clone()).unwrap_or_default();
    if page.total > MAX_RELEASE_TRACKS {
        let why = format!("it has more than {MAX_RELEASE_TRACKS} tracks");
        return Ok((title, Release::Partial(vec![track.clone()], why)));
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
async fn measured(tracks: Vec<Track>, store: &Store) -> Result<Vec<(Track, Option<Loudness>)>> {
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
