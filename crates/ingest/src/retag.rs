//! [`WriteReplayGain`]: measured loudness, written into the tags of library files. Off unless its owner asked for it.
//!
//! After a track is heard its own gain is written. When the last track of its release is heard, the release's gain is
//! computed of the gating blocks that are stored with every track (nothing is decoded again) and written into all of
//! them, with each one's own.
//!
//! The catalog is told in one transaction what each file is now, so that neither a scan nor the watcher has it heard
//! again. Killed between the two, the next scan takes the file for a changed one: it is heard once more and found to say
//! all that already. Tracks that were heard before that was asked for are written by a [pass](crate::passes).

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use fanfare_analysis::loudness::Album;
use fanfare_audio::{AlbumGain, HeardFile, Limits, ReplayGainTags, Rewritten, write_replaygain};
use fanfare_model::{
    Error, ErrorKind, Features, Presence, Result, Tags, Track, TrackId,
    features::{AnalyzerOutcome, FeaturePart, Loudness},
};
use fanfare_store::{Failure, FileFacts, MAX_PAGE, Store, TrackQuery};
use tokio::sync::Mutex;

use crate::{PostAnalysis, clock, detached::detached};

/// Tracks of a release beyond which it is no release but a folder full of files with the same tag: a gain of them all
/// would be rewritten into all with every file that is added.
const MAX_RELEASE_TRACKS: u64 = MAX_PAGE as u64;

/// The hook. One at a time: two tracks that end a release together must not both write it.
#[derive(Default)]
pub struct WriteReplayGain {
    one_at_a_time: Mutex<()>,
}

/// A track that is to be written.
pub(crate) struct Ready {
    pub(crate) id: TrackId,
    heard: HeardFile,
    gain_db: f64,
    peak: f64,
    /// What its tags say, as far as the catalog knows.
    known: Tags,
}

impl Ready {
    fn tags(&self, album: Option<AlbumGain>) -> ReplayGainTags {
        ReplayGainTags { track_gain_db: self.gain_db, track_peak: self.peak, album }
    }

    /// Whether its tags say all that already.
    pub(crate) fn is_written(&self, album: Option<AlbumGain>) -> bool {
        let mut written = self.known.clone();
        retag(&mut written, &self.tags(album));
        written == self.known
    }
}

/// The tags of a file that these were written into.
fn retag(known: &mut Tags, tags: &ReplayGainTags) {
    // As they are written: two decimals of a decibel, six of a peak.
    let rounded = |value: f64, steps: f64| Some((value * steps).round() / steps);
    known.replaygain_track_gain_db = rounded(tags.track_gain_db, 1e2);
    known.replaygain_track_peak = rounded(tags.track_peak, 1e6);
    if let Some(album) = tags.album {
        known.replaygain_album_gain_db = rounded(album.gain_db, 1e2);
        known.replaygain_album_peak = rounded(album.peak, 1e6);
    }
}

#[async_trait]
impl PostAnalysis for WriteReplayGain {
    fn name(&self) -> &'static str {
        "replaygain"
    }

    async fn after(&self, track: &Track, _path: &Path, _features: &Features, store: &Store) -> Result<()> {
        let _turn = self.one_at_a_time.lock().await;
        let (ready, album) = match store.catalog().track(track.id).await? {
            Some(row) => what_to_write(&row.track, store).await?,
            None => return Ok(()),
        };
        for one in ready {
            let Some(path) = store.catalog().track_path(one.id).await? else { continue };
            // What cannot be written is told in the log, of each file, and keeps the others from nothing.
            let _told = write_one(one, path, album, store.clone()).await;
        }
        Ok(())
    }
}

/// The track alone, or all of its release with the release's gain once every one of them is heard.
pub(crate) async fn what_to_write(track: &Track, store: &Store) -> Result<(Vec<Ready>, Option<AlbumGain>)> {
    // What is an upload here is somebody's file elsewhere: it is kept as it was sent.
    if track.home.folder().is_none() {
        return Ok((Vec::new(), None));
    }
    let tracks = match track.release {
        Some(release) => whole_release(release, store).await?.unwrap_or_default(),
        None => Vec::new(),
    };
    let mut heard = Vec::with_capacity(tracks.len());
    for one in &tracks {
        heard.extend(loudness(one, store).await?.map(|loudness| (one, loudness)));
    }
    // The gain of a release is that of all of it: one track whose loudness is not known, and there is none.
    let album = Album::of(&heard.iter().map(|(_, loudness)| loudness).collect::<Vec<_>>());
    let gain = album.replaygain_album_gain_db.zip(album.replaygain_album_peak);
    let gain = gain.filter(|_| heard.len() == tracks.len());
    let Some((gain_db, peak)) = gain else {
        let own = loudness(track, store).await?;
        return Ok((own.and_then(|own| ready(track, own)).into_iter().collect(), None));
    };
    let ready = heard.into_iter().filter_map(|(one, loudness)| ready(one, loudness)).collect();
    Ok((ready, Some(AlbumGain { gain_db, peak })))
}

/// All tracks of a release, if each of them is heard.
async fn whole_release(release: fanfare_model::ReleaseId, store: &Store) -> Result<Option<Vec<Track>>> {
    let query = TrackQuery { release: Some(release), limit: MAX_PAGE, ..TrackQuery::default() };
    let page = store.catalog().tracks(&query).await?;
    // A track that is missing is one of the release all the same.
    let missing = TrackQuery { presence: Presence::Missing, limit: 1, ..query };
    if page.total > MAX_RELEASE_TRACKS || store.catalog().tracks(&missing).await?.total > 0 {
        return Ok(None);
    }
    let tracks: Vec<Track> = page.items.into_iter().map(|row| row.track).collect();
    Ok(tracks.iter().all(|track| track.content_hash.is_some() && track.failure.is_none()).then_some(tracks))
}

/// What was measured of a track's loudness; `None` when it was not.
async fn loudness(track: &Track, store: &Store) -> Result<Option<Loudness>> {
    let (results, _) = store.catalog().analysis(track.id).await?;
    Ok(results.into_iter().find_map(|result| match result.outcome {
        AnalyzerOutcome::Ok { part: FeaturePart::Loudness(loudness), .. } => Some(loudness),
        _ => None,
    }))
}

/// A heard track of a folder with a gain, which silence has not.
fn ready(track: &Track, loudness: Loudness) -> Option<Ready> {
    track.home.folder()?;
    let heard = HeardFile {
        size_bytes: track.size_bytes,
        modified: track.modified,
        content_hash: Some(track.content_hash?),
    };
    let gain_db = loudness.replaygain_track_gain_db?;
    let peak = loudness.replaygain_track_peak?;
    Some(Ready { id: track.id, heard, gain_db, peak, known: track.tags.clone() })
}

/// Writes one file and tells the catalog; the log tells why it could not. Goes on to its end though nobody waits any
/// more.
pub(crate) async fn write_one(
    one: Ready,
    path: PathBuf,
    album: Option<AlbumGain>,
    store: Store,
) -> Result<()> {
    let (track, file) = (one.id, path.display().to_string());
    let written = write(one, path, album, store).await;
    written.inspect_err(|error| Failure::new("writing tags", Some(track), file, error).tell())
}

async fn write(one: Ready, path: PathBuf, album: Option<AlbumGain>, store: Store) -> Result<()> {
    let (tags, heard) = (one.tags(album), one.heard);
    let done = tokio::spawn(async move {
        // A share that hangs keeps its thread, and nothing else.
        let written =
            detached("retag", move || write_replaygain(&path, &tags, &heard, &Limits::default())).await??;
        note(one.id, &heard, written, tags, &store).await
    });
    done.await.map_err(|error| Error::new(ErrorKind::Internal, "writing tags broke off").because(error))?
}

async fn note(
    track: TrackId,
    heard: &HeardFile,
    written: Rewritten,
    tags: ReplayGainTags,
    store: &Store,
) -> Result<()> {
    let (true, Some(hash)) = (written.changed, heard.content_hash) else { return Ok(()) };
    let before = FileFacts { size_bytes: heard.size_bytes, modified: heard.modified, changed_ns: None, hash };
    let after = FileFacts {
        size_bytes: written.size_bytes,
        modified: written.modified,
        changed_ns: written.changed_ns,
        hash: written.content_hash,
    };
    let retag = move |known: &mut Tags| retag(known, &tags);
    store.catalog().note_rewritten(track, before, after, retag, clock::now()).await
}
