//! Which values of a track and of its release are to be written: [`what_to_write`].
//!
//! All values pass the one judgement of tracks and releases ([`crate::release_gain`]). A file with a value that cannot be true
//! gets nothing. A release of which a track is missing, failed or cannot be believed gets no release gain in any of its files,
//! though it has one where it is played: what is written stays in the files when the track is whole again.

use fanfare_analysis::loudness::Gain;
use fanfare_audio::{AlbumGain, AnalyzedFile, ReplayGainTags};
use fanfare_model::{Error, ErrorKind, ReleaseId, Result, Tags, Track, TrackId, features::Loudness};
use fanfare_store::Store;

use crate::release_gain::{Tracks, judged, left_out, measured, tracks_of};

/// A track that is to be written.
pub(crate) struct Ready {
    pub(crate) id: TrackId,
    pub(super) analyzed: AnalyzedFile,
    gain: Gain,
    /// What its tags say, as far as the catalog knows.
    known: Tags,
}

/// What is written, and what is not.
#[derive(Default)]
pub(crate) struct Plan {
    /// The files that are written.
    pub(crate) ready: Vec<Ready>,
    /// The release's values, which are written into all of them.
    pub(crate) album: Option<AlbumGain>,
    /// Files whose values cannot be believed: nothing is written into them.
    pub(crate) doubted: Vec<Doubted>,
    /// Why the release's values are not written, once all its tracks are analyzed.
    pub(crate) no_album: Option<(ReleaseId, Error)>,
    /// The release of which another track waits for its analysis: nothing is written yet.
    pub(crate) waits: Option<ReleaseId>,
}

/// A file whose values cannot be believed.
pub(crate) struct Doubted {
    pub(crate) id: TrackId,
    /// Its path within its folder.
    pub(crate) file: String,
    pub(crate) error: Error,
}

impl Ready {
    /// What is written into its tags.
    pub(super) fn tags(&self, album: Option<AlbumGain>) -> ReplayGainTags {
        ReplayGainTags { track_gain_db: self.gain.gain_db, track_peak: self.gain.peak, album }
    }

    /// Whether its tags say all that already.
    pub(crate) fn is_written(&self, album: Option<AlbumGain>) -> bool {
        let mut written = self.known.clone();
        retag(&mut written, &self.tags(album));
        written == self.known
    }
}

/// The tags of a file that these were written into.
pub(super) fn retag(known: &mut Tags, tags: &ReplayGainTags) {
    // As they are written: two decimals of a decibel, six of a peak.
    let rounded = |value: f64, steps: f64| Some((value * steps).round() / steps);
    known.replaygain_track_gain_db = rounded(tags.track_gain_db, 1e2);
    known.replaygain_track_peak = rounded(tags.track_peak, 1e6);
    if let Some(album) = tags.album {
        known.replaygain_album_gain_db = rounded(album.gain_db, 1e2);
        known.replaygain_album_peak = rounded(album.peak, 1e6);
    }
}

/// The track alone, or all tracks of its release with the release's gain, once none of them waits for its analysis.
pub(crate) async fn what_to_write(track: &Track, store: &Store) -> Result<Plan> {
    // An upload is kept as it was sent: its owner has the same file elsewhere.
    if track.home.folder().is_none() {
        return Ok(Plan::default());
    }
    let Some(release) = track.release else {
        return Ok(plan(&measured(vec![track.clone()], store).await?, Vec::new()).0);
    };
    let (title, found) = tracks_of(release, store).await?;
    let (tracks, absent, too_many) = match found {
        Tracks::Wait => return Ok(Plan { waits: Some(release), ..Plan::default() }),
        Tracks::TooMany(why) => (vec![track.clone()], Vec::new(), Some(why)),
        Tracks::Are { here, missing } => (here, missing, None),
    };
    let measured = measured(tracks, store).await?;
    let (mut plan, why) = plan(&measured, absent);
    if let Some(why) = too_many.or(why) {
        plan.album = None;
        let said = format!("no gain of the release {title:?} is written: {why}");
        plan.no_album = Some((release, Error::new(ErrorKind::Invalid, said)));
    }
    Ok(plan)
}

/// The plan for these tracks, and why no gain of their release is written.
fn plan(tracks: &[(Track, Option<Loudness>)], absent: Vec<String>) -> (Plan, Option<String>) {
    let judged = judged(tracks);
    let mut why = left_out(tracks, &judged, absent).next();
    why = why.or_else(|| judged.release.no_gain.map(|why| why.to_string()));
    let gain = judged.release.gain();
    let mut plan = Plan::default();
    for ((track, _), found) in tracks.iter().zip(judged.tracks) {
        let analyzed = track.home.folder().zip(track.content_hash).map(|(_, hash)| AnalyzedFile {
            size_bytes: track.size_bytes,
            modified: track.modified,
            content_hash: Some(hash),
        });
        match (found, analyzed) {
            (Ok(gain), Some(analyzed)) => {
                plan.ready.push(Ready { id: track.id, analyzed, gain, known: track.tags.clone() });
            }
            (Err(doubt), Some(_)) if doubt.is_of_a_value() => {
                let error = Error::new(ErrorKind::Invalid, format!("nothing is written: {doubt}"));
                plan.doubted.push(Doubted { id: track.id, file: track.relative_path.clone(), error });
            }
            _ => {}
        }
    }
    // A track alone is no release.
    if why.is_none() && tracks.iter().any(|(track, _)| track.release.is_some()) {
        plan.album = gain.map(|gain| AlbumGain { gain_db: gain.gain_db, peak: gain.peak });
    }
    (plan, why)
}
