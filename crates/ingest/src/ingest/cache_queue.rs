//! Which transcodes of a track are queued to be made ([`queue_cache`]).

use fanfare_channel::clock;
use fanfare_model::{JobId, JobKind, Profile, Result, TaskId, Track, TrackId, Wanted};
use fanfare_store::{CachedFile, Look, NewJob, Store, TrackRow};

/// How often a job that makes files ahead of time is tried: what the file itself is to blame for is tried once, the others are
/// for workers that die, by no fault of a file that was only worked on at the time.
const CACHE_ATTEMPTS: u32 = 5;

/// What became of a track that was to be queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheQueued {
    /// It is queued, or was already.
    Job(JobId),
    /// There is nothing outdated of it.
    UpToDate,
    /// Nothing smaller is made of it: its file is small already, or cannot be read.
    NotNeeded,
}

/// Which of the transcodes that are asked for are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Which {
    /// Those that are not there.
    #[default]
    Missing,
    /// Only what is there already, but is damaged, or was made of another version of its source or by an older profile.
    Outdated,
    /// All, also what is there.
    All,
}

/// Queues the transcodes of a track, which the worker of the data folder's server then makes.
///
/// # Errors
/// Errors of the store.
pub async fn queue_cache(
    store: &Store,
    task: TaskId,
    row: &TrackRow,
    profiles: &[Profile],
    which: Which,
) -> Result<CacheQueued> {
    let track = &row.track;
    let Some(audio) = track.audio.as_ref().filter(|audio| audio.is_lossless()) else {
        return Ok(CacheQueued::NotNeeded);
    };
    let of_it = |profile: &Profile| profile.for_source(audio, track.size_bytes);
    let profiles: Vec<Profile> = profiles.iter().filter_map(of_it).collect();
    if profiles.is_empty() {
        return Ok(CacheQueued::NotNeeded);
    }
    let wanted: Vec<String> = match which {
        Which::Missing => profiles.iter().map(ToString::to_string).collect(),
        Which::All => profiles.iter().map(|profile| format!("!{profile}")).collect(),
        Which::Outdated => {
            let mut wanted = Vec::new();
            for profile in outdated(store, track, profiles).await? {
                wanted.push(format!("!{profile}"));
            }
            wanted
        }
    };
    if wanted.is_empty() {
        return Ok(CacheQueued::UpToDate);
    }
    let job = cache_job(task, track.id, wanted.join(","));
    Ok(CacheQueued::Job(store.jobs().enqueue(job, clock::now()).await?))
}

/// Those of the profiles of whose quality there is a file, and none as it should be: its bytes are read for that.
async fn outdated(store: &Store, track: &Track, profiles: Vec<Profile>) -> Result<Vec<Profile>> {
    // What was made of other bytes, or by an older profile, is outdated; it is made again.
    let catalog = store.catalog();
    let there = match track.hash {
        Some(hash) => catalog.cached_of(hash).await?,
        None => Vec::new(),
    };
    let former = catalog.cached_of_former(track.id).await?;
    let mut outdated = Vec::new();
    for profile in profiles {
        let of_quality = |file: &&CachedFile| file.quality == profile.quality;
        if !there.iter().any(|file| of_quality(&file)) {
            if former.iter().any(|file| of_quality(&file)) {
                outdated.push(profile);
            }
            continue;
        }
        let text = profile.to_string();
        let of_today = there.iter().find(|file| file.profile == text && file.made.0 >= track.modified.0);
        let is_well = match of_today {
            Some(file) => catalog.damage(file, Look::Bytes).await.is_none(),
            None => false,
        };
        if !is_well {
            outdated.push(profile);
        }
    }
    Ok(outdated)
}

pub(super) fn cache_job(task: TaskId, track: TrackId, profiles: String) -> NewJob {
    NewJob {
        dedupe_key: Some(format!("cache:{track}:{profiles}")),
        kind: JobKind::make(track, Wanted::Transcodes(profiles)),
        task: Some(task),
        priority: 0,
        run_at: clock::now(),
        max_attempts: CACHE_ATTEMPTS,
    }
}
