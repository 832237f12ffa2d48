//! [`WriteReplayGain`]: measured loudness, written into the tags of library files. Off unless its owner asked for it.
//!
//! After a track is analyzed its own gain is written. A track of a release waits until no other track of it waits for its
//! analysis, whether that ends with results, with a failure, or because the track is gone. Then the release's gain is
//! computed from the gating blocks that are stored with every track (nothing is decoded again), and each file gets it
//! together with its own gain. Values that cannot be true are not written, see [`plan`].
//!
//! The catalog is told in one transaction what each file is now, so that neither a scan nor the watcher has it analyzed
//! again. Killed between the two, the next scan takes the file for a changed one: it is analyzed once more and found to say
//! all that already. Tracks that were analyzed before that was asked for are written by a [pass](crate::passes).

mod plan;

use std::{
    collections::HashSet,
    fmt::Display,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use fanfare_audio::{AlbumGain, AnalyzedFile, Limits, ReplayGainTags, Rewritten, write_replaygain};
use fanfare_channel::{PostAnalysis, clock, detached::detached};
use fanfare_model::{Error, ErrorKind, Features, ReleaseId, Result, Tags, Track, TrackId, TrackState};
use fanfare_store::{Failure, FileFacts, MAX_PAGE, Store, TrackQuery};
use tokio::sync::Mutex;

use self::plan::{Doubted, retag};
pub(crate) use self::plan::{Plan, Ready, what_to_write};

/// The name that the log and the task give in place of a file when the values of a whole release are not written.
pub(crate) const WHOLE_RELEASE: &str = "a release";

/// How many releases are remembered as waiting; of more, the next nightly run writes what is left.
const MAX_WAITING: usize = 10_000;

/// How many sentences about files and releases are remembered; the oldest are forgotten, and may be logged once more.
const MAX_TOLD: usize = 256;

/// The hook. One at a time: two tracks that end a release together must not both write it.
#[derive(Default)]
pub struct WriteReplayGain {
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// Sentences about files and releases that were logged.
    told: Vec<String>,
    /// Releases of which a track is analyzed while another one waits.
    waiting: HashSet<ReleaseId>,
    /// Releases that an earlier process may have left waiting were looked for.
    looked: bool,
}

#[async_trait]
impl PostAnalysis for WriteReplayGain {
    fn name(&self) -> &'static str {
        "replaygain"
    }

    async fn after(&self, track: &Track, _path: &Path, _features: &Features, store: &Store) -> Result<()> {
        self.memory.lock().await.write(track.id, store).await
    }

    async fn catch_up(&self, failed: Option<&Track>, store: &Store) -> Result<()> {
        let mut memory = self.memory.lock().await;
        match failed {
            Some(track) => memory.write(track.id, store).await,
            None => memory.write_what_waits(store).await,
        }
    }
}

impl Memory {
    /// Writes a track, or its release.
    async fn write(&mut self, track: TrackId, store: &Store) -> Result<()> {
        let plan = match store.catalog().track(track).await? {
            Some(row) => what_to_write(&row.track, store).await?,
            None => return Ok(()),
        };
        if let Some(release) = plan.waits
            && self.waiting.len() < MAX_WAITING
        {
            self.waiting.insert(release);
        }
        for one in plan.doubted.iter().filter(|one| first_time(&mut self.told, one.id, &one.error)) {
            tell_doubted(one);
        }
        if let Some((release, error)) = &plan.no_album
            && first_time(&mut self.told, release, error)
        {
            tell_no_album(error);
        }
        for one in plan.ready {
            if one.is_written(plan.album) {
                continue;
            }
            let Some(path) = store.catalog().track_path(one.id).await? else { continue };
            // What cannot be written is told in the log, of each file, and keeps the others from nothing.
            let _told = write_one(one, path, plan.album, store.clone()).await;
        }
        Ok(())
    }

    /// Writes releases for whose last track nobody came here: it went missing, was removed, or ended its process.
    async fn write_what_waits(&mut self, store: &Store) -> Result<()> {
        let mut releases = std::mem::take(&mut self.waiting);
        if !std::mem::replace(&mut self.looked, true) {
            let failed =
                TrackQuery { state: Some(TrackState::Failed), limit: MAX_PAGE, ..TrackQuery::default() };
            let failed = store.catalog().tracks(&failed).await?.items;
            releases.extend(failed.into_iter().filter_map(|row| row.track.release));
        }
        for release in releases {
            let one = TrackQuery { release: Some(release), limit: 1, ..TrackQuery::default() };
            for row in store.catalog().tracks(&one).await?.items {
                self.write(row.track.id, store).await?;
            }
        }
        Ok(())
    }
}

/// One line in the log: a file is left alone because of its values.
pub(crate) fn tell_doubted(doubted: &Doubted) {
    Failure::new("writing tags", Some(doubted.id), doubted.file.clone(), &doubted.error).tell();
}

/// One line in the log: nothing is written of a release.
pub(crate) fn tell_no_album(error: &Error) {
    Failure::new("writing tags", None, WHOLE_RELEASE, error).tell();
}

/// Whether this was not logged yet: every track of a release that is analyzed again asks.
fn first_time(told: &mut Vec<String>, of: impl Display, error: &Error) -> bool {
    let said = format!("{of} {error}");
    let first = !told.contains(&said);
    if first {
        told.push(said);
        let surplus = told.len().saturating_sub(MAX_TOLD);
        told.drain(..surplus);
    }
    first
}

/// Writes one file and notes it in the catalog; if it cannot, the log tells why. Goes on to its end even if the caller no
/// longer waits.
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
    let (tags, analyzed) = (one.tags(album), one.analyzed);
    let done = tokio::spawn(async move {
        // A share that hangs keeps its thread, and nothing else.
        let written =
            detached("retag", move || write_replaygain(&path, &tags, &analyzed, &Limits::default()))
                .await??;
        note(one.id, &analyzed, written, tags, &store).await
    });
    done.await.map_err(|error| Error::new(ErrorKind::Internal, "writing tags broke off").because(error))?
}

async fn note(
    track: TrackId,
    analyzed: &AnalyzedFile,
    written: Rewritten,
    tags: ReplayGainTags,
    store: &Store,
) -> Result<()> {
    let (true, Some(hash)) = (written.changed, analyzed.content_hash) else { return Ok(()) };
    let before =
        FileFacts { size_bytes: analyzed.size_bytes, modified: analyzed.modified, changed_ns: None, hash };
    let after = FileFacts {
        size_bytes: written.size_bytes,
        modified: written.modified,
        changed_ns: written.changed_ns,
        hash: written.content_hash,
    };
    let retag = move |known: &mut Tags| retag(known, &tags);
    store.catalog().note_rewritten(track, before, after, retag, clock::now()).await
}
