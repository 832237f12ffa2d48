//! The job `cache-track`: every transcode of a track that is asked for, from one decode.

use std::sync::Arc;

use fanfare_audio::CancelFlag;
use fanfare_channel::{
    clock,
    protocol::WorkerEvent,
    retry::{jitter, next_attempt},
};
use fanfare_model::{Error, ErrorKind, Profile, Result, Timestamp, TrackId, job::JobError};
use fanfare_store::{AfterFailure, LeaseKey, Leftover};

use crate::{
    loaded::Loaded,
    passes::encoding::{Encoding, Whole},
    products::transcode_source::Subject,
    resources::Resources,
    room::{is_unwritable, unwritable},
    runtime::{
        job::LeasedJob,
        nothing_fits::ends_a_run,
        work::{Begun, Progress, Work},
    },
};

/// Making what is missing of one track.
pub(crate) struct CacheTrack {
    resources: Arc<Resources>,
    id: TrackId,
    text: String,
    subject: Option<Subject>,
    /// What is made; the others are there.
    wanted: Vec<Profile>,
}

/// Attempts beyond those for trouble that may pass.
const FOR_DEATHS: u32 = 2;

impl CacheTrack {
    pub(super) const fn new(resources: Arc<Resources>, id: TrackId, profiles: String) -> Self {
        Self { resources, id, text: profiles, subject: None, wanted: Vec::new() }
    }
}

/// The profiles of a job, each with whether it is made even if it exists.
fn read(text: &str) -> Result<Vec<(Profile, bool)>> {
    let one = |word: &str| {
        let again = word.strip_prefix('!');
        Ok((again.unwrap_or(word).parse()?, again.is_some()))
    };
    text.split(',').filter(|word| !word.is_empty()).map(one).collect()
}

impl Work for CacheTrack {
    type Product = Box<Whole>;
    /// The cache may lie on another disk, and a person who asked for it is told to clear it, not left waiting.
    const WAITS_FOR_ROOM: bool = false;

    fn track(&self) -> TrackId {
        self.id
    }

    async fn begin(&mut self, held: &LeasedJob) -> Result<Option<Begun<Self::Product>>> {
        let Some(Loaded { track, path }) = Loaded::or_finish(held, self.id).await? else { return Ok(None) };
        let subject = Subject::new(&held.context.store, &track, path).await?;
        let catalog = held.context.store.catalog();
        // It may not have been analyzed yet, or was written to. Its bytes may have been analyzed elsewhere, in a library that was
        // moved.
        let looked = subject.clone();
        let hashed = move || looked.hash(&looked.check()?, &CancelFlag::default(), &mut || {});
        let hashed = tokio::task::spawn_blocking(hashed).await;
        let there = match hashed.ok().and_then(Result::ok) {
            // What is wrong with it is said by who reads it next.
            Some(hash) => catalog.cached_there(hash).await?,
            None => Vec::new(),
        };
        let is_there = |profile: &Profile| there.iter().any(|file| file.profile == profile.to_string());
        for (profile, again) in read(&self.text)? {
            if again || !is_there(&profile) {
                self.wanted.push(profile);
            } else {
                held.note(format!("skipped {} ({}): already cached", subject.title, profile.quality));
            }
        }
        if self.wanted.is_empty() {
            held.finish().await?;
            let (job, track, task) = (held.job.id, self.id, held.task());
            held.say(&WorkerEvent::Finished { job, track, task });
            return Ok(None);
        }
        // A retry, like a run that overwrites, decodes the file again.
        if held.attempt().0 == 1
            && read(&self.text)?.iter().all(|(_, again)| !again)
            && let Some(known) = catalog.known_small_failure(self.id).await?
        {
            return Err(known.into_error());
        }
        // About so many bytes: known for certain when they are made, and then it is asked again.
        let sound = |profile: &Profile| (profile.bitrate_bps() as f64 / 8.0 * subject.seconds()) as u64;
        drop(self.resources.room.make(held, self.wanted.iter().map(sound).sum()).await?);
        let making = Arc::new(catalog.cache().begin(held.job.id, held.attempt())?);
        self.subject = Some(subject.clone());
        let shown = subject.shown.clone();
        let encoding = Encoding {
            subject,
            wanted: self.wanted.clone(),
            open: self.resources.open.clone(),
            fan_out: self.resources.fan_out_options(held),
            making,
        };
        let blocking_work = Box::new(move |cancel: &CancelFlag, progress: &mut Progress| {
            encoding.whole(cancel, progress).map(Box::new)
        });
        Ok(Some(Begun { shown, blocking_work }))
    }

    async fn commit(&mut self, held: &LeasedJob, product: Self::Product) -> Result<()> {
        let Whole { hash, making, files, damage } = *product;
        let now = clock::now();
        let profiles: Vec<Profile> = files.iter().map(|file| file.profile).collect();
        let kept = tokio::task::spawn_blocking(move || {
            files.into_iter().map(|file| file.keep(hash, &making, now)).collect::<Result<Vec<_>>>()
        });
        let kept = kept.await.map_err(|ended| {
            Error::new(ErrorKind::Internal, "keeping files was interrupted").because(ended)
        })??;
        let catalog = held.context.store.catalog();
        let (job, attempt) = (held.job.id, held.attempt());
        let room = self.resources.room.make(held, kept.iter().map(|file| file.size_bytes).sum()).await;
        if let Err(full) = room {
            held.remove(Leftover::of(None, &kept)).await;
            return Err(full);
        }
        if let Err(error) =
            catalog.commit_cached(job, attempt, held.owner(), (&kept, !damage.is_empty()), now).await
        {
            held.remove(Leftover::of(None, &kept)).await;
            return Err(error);
        }
        if let Some(subject) = &self.subject {
            for said in &damage {
                tracing::warn!(track = %self.id, file = subject.shown, said, "transcodes were made of a damaged source");
                held.note(format!("damaged {}: {said}", subject.title));
            }
            for profile in self.wanted.iter().filter(|profile| !profiles.contains(profile)) {
                let reason = "it would be larger than its source";
                held.note(format!("skipped {} ({}): {reason}", subject.title, profile.quality));
            }
            for (file, profile) in kept.iter().zip(profiles) {
                held.note(format!(
                    "cached {} ({}, {}k, {} bytes)",
                    subject.title, file.quality, profile.bitrate_kbps, file.size_bytes
                ));
            }
        }
        Ok(())
    }

    /// The sentence by which the end of a run is known is the one that people are shown.
    fn name(&self, held: &LeasedJob, error: Error) -> Error {
        unwritable(held, &error).unwrap_or(error)
    }

    /// The last attempts are for workers that die; what goes wrong by itself is told after the others.
    fn retry_at(&self, held: &LeasedJob, kind: ErrorKind, now: Timestamp) -> Option<Timestamp> {
        if is_unwritable(held, kind) {
            return None;
        }
        let most = held.job.max_attempts.saturating_sub(FOR_DEATHS);
        next_attempt(kind, held.job.attempt.0, most, now, jitter(now))
    }

    async fn give_up(&mut self, held: &LeasedJob, error: &Error, now: Timestamp) -> Result<()> {
        // What fits no more now fits no more after the next track either.
        if let Some(task) = held.task().filter(|_| ends_a_run(error)) {
            held.context.store.jobs().cancel_task(task, now).await?;
        }
        let (jobs, error) = (held.context.store.jobs(), JobError::from(error));
        jobs.fail(LeaseKey::new(held.job.id, held.attempt(), held.owner()), error, AfterFailure::Park, now)
            .await
    }
}
