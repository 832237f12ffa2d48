//! Which values of a track and of its release are to be written: [`what_to_write`].
//!
//! All measured values pass [`Judged`]. A file with a value that cannot be true gets nothing, and a release with such a
//! file, or with one whose loudness or peak is not known, gets no release gain in any of its files.

use fanfare_analysis::loudness::{Judged, Measured};
use fanfare_audio::{AlbumGain, HeardFile};
use fanfare_model::{Error, ErrorKind, Result, Track, features::Loudness};
use fanfare_store::Store;

use super::{Doubted, Plan, Ready};
use crate::release_gain::{Release, analyzed_tracks, measured, named, unmeasured};

/// The track alone, or all tracks of its release with the release's gain, once none of them waits for its analysis.
pub(crate) async fn what_to_write(track: &Track, store: &Store) -> Result<Plan> {
    // An upload is kept as it was sent: its owner has the same file elsewhere.
    if track.home.folder().is_none() {
        return Ok(Plan::default());
    }
    let Some(release) = track.release else {
        return Ok(judge(&measured(vec![track.clone()], store).await?).0);
    };
    let (title, found) = analyzed_tracks(release, store).await?;
    let (tracks, partial) = match found {
        Release::Waits => return Ok(Plan { waits: Some(release), ..Plan::default() }),
        Release::TooLarge(why) => (vec![track.clone()], Some(why)),
        Release::Whole(tracks) => (tracks, None),
        Release::Partial(tracks, why) => (tracks, Some(why)),
    };
    let measured = measured(tracks, store).await?;
    let partial = partial.or_else(|| unmeasured(&measured));
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
        Err(doubt) => (plan, Some(named(&doubt, known.iter().map(|(track, _)| *track)))),
    }
}
