//! Transcodes of tracks: made ahead of time ([`Ingest::warm`]) or while a listener plays ([`Ingest::ask_for_stream`]), and
//! kept within the cap.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use fanfare_channel::{
    clock,
    policy::IN_USE_MS,
    protocol::{WorkerCommand, WorkerEvent},
};
use fanfare_model::{
    CacheOptions, Error, ErrorKind, JobId, JobKind, Profile, Quality, Result, TaskId, TaskKind, Timestamp,
    Track, TrackHome, TrackId, Wanted, job::Products, track::UploadedBytes,
};
use fanfare_store::{NewJob, TRANSCODE_ATTEMPTS, TrackRow};
use tokio::sync::{broadcast, watch};

use super::{
    Ingest, Inner, WarmScope,
    cache_queue::{CacheQueued, Which, cache_job, queue_cache},
};

/// How often age is looked at.
const TIDY_EVERY: Duration = Duration::from_secs(600);
/// How long new files are let come together before the cap is looked at.
const TIDY_PAUSE: Duration = Duration::from_secs(2);
const DAY_MS: i64 = 86_400_000;

/// How tracks are to be made ready.
#[derive(Debug, Clone)]
pub struct WarmOptions {
    /// For which qualities; those of the settings when there are none.
    pub qualities: Vec<Quality>,
    /// Which of them.
    pub which: Which,
    /// Tracks at a time; by the settings without one.
    pub workers: Option<usize>,
}

impl Ingest {
    /// What is made smaller and kept, and how much.
    #[must_use]
    pub fn cache(&self) -> Arc<CacheOptions> {
        Arc::clone(&self.inner.cache.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes that.
    pub fn set_cache(&self, options: CacheOptions) {
        self.inner.supervisor.ahead(at_a_time(options.workers), options.cap_bytes);
        *self.inner.cache.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(options);
        self.inner.tidy_cache.notify_one();
    }

    /// Has the transcodes of tracks made; returns the task that shows the progress.
    ///
    /// # Errors
    /// `Conflict` while the cache is switched off; `Invalid` when nothing smaller is asked for; errors of the store.
    pub async fn warm(&self, scope: WarmScope, options: WarmOptions) -> Result<TaskId> {
        let settings = self.cache();
        if !settings.enabled {
            return Err(Error::new(ErrorKind::Conflict, "the cache is switched off")
                .remedy("set `audio_cache.enabled` to true"));
        }
        let wanted =
            if options.qualities.is_empty() { &settings.precache_qualities } else { &options.qualities };
        let profiles: Vec<Profile> = wanted.iter().filter_map(|quality| settings.profile(*quality)).collect();
        if profiles.is_empty() {
            return Err(Error::new(ErrorKind::Invalid, "nothing smaller than the original is asked for")
                .remedy("name one of high, medium, low"));
        }
        self.inner
            .supervisor
            .ahead(at_a_time(options.workers.unwrap_or(settings.workers)), settings.cap_bytes);
        let line = &self.inner.work_queues.cache;
        let hold = line.hold();
        let task = line.announce().await?;
        let ingest = self.clone();
        tokio::spawn(async move {
            if let Err(error) = ingest.queue_all(task, scope, &profiles, options.which).await {
                tracing::warn!(%error, "not everything that was to be cached was queued");
                ingest.inner.work_queues.cache.remark(task, format!("stopped queueing: {error}")).await;
            }
            ingest.inner.work_queues.cache.queued().await;
            drop(hold);
            ingest.inner.work_queues.cache.count().await;
        });
        Ok(task)
    }

    /// Makes tracks ready by the settings, if those say so: a mixtape was saved, a track was uploaded.
    pub async fn precache(&self, tracks: Vec<TrackId>) {
        let settings = self.cache();
        if !settings.precache || !settings.enabled || tracks.is_empty() {
            return;
        }
        let options = WarmOptions { qualities: Vec::new(), which: Which::Missing, workers: None };
        if let Err(error) = self.warm(WarmScope::Tracks(tracks), options).await {
            tracing::warn!(%error, "what was saved is not cached");
        }
    }

    /// What is made of an upload that is queued now.
    pub(super) fn products(&self) -> Products {
        let transcodes: Vec<String> = self.cache().precached().iter().map(ToString::to_string).collect();
        Products { ladder: self.uploads().ladder.clone(), transcodes: transcodes.join(",") }
    }

    /// Whether everything smaller that is to be there of a track is there.
    async fn is_precached(&self, track: &Track) -> Result<bool> {
        let (Some(hash), Some(audio)) = (track.hash, &track.audio) else { return Ok(false) };
        let there = self.inner.store.catalog().cached_there(hash).await?;
        let is_there = |profile: &Profile| there.iter().any(|file| file.profile == profile.to_string());
        let of_it = |profile: &Profile| profile.for_source(audio, track.size_bytes);
        Ok(self.cache().precached().iter().filter_map(of_it).all(|profile| is_there(&profile)))
    }

    async fn queue_all(
        &self,
        task: TaskId,
        scope: WarmScope,
        profiles: &[Profile],
        which: Which,
    ) -> Result<()> {
        let (mut small, mut pages) = (0_u64, scope.pages(&self.inner.store));
        while let Some(rows) = pages.next().await? {
            for row in &rows {
                small += self.queue(task, row, profiles, which).await?;
            }
        }
        for id in pages.missing() {
            self.inner.work_queues.cache.remark(task, format!("skipped {id}: no such track")).await;
        }
        if small > 0 {
            let said = format!(
                "left {small} as they are: their files are small already, would not become smaller, or cannot be read"
            );
            self.inner.work_queues.cache.remark(task, said).await;
        }
        Ok(())
    }

    /// Queues one track; gives 1 if there is nothing to make of it.
    async fn queue(&self, task: TaskId, row: &TrackRow, profiles: &[Profile], which: Which) -> Result<u64> {
        match queue_cache(&self.inner.store, task, row, profiles, which).await? {
            CacheQueued::Job(_) => self.inner.work_queues.cache.queued().await,
            CacheQueued::UpToDate => {}
            CacheQueued::NotNeeded => return Ok(1),
        }
        Ok(0)
    }

    /// Makes what a run could not make, or was stopped before; gives the new task.
    pub(super) async fn warm_again(&self, task: TaskId) -> Result<TaskId> {
        let unmade = self.inner.store.catalog().unmade_cache_jobs(task).await?;
        // How many at a time the run before was told is not said of this one.
        let settings = self.cache();
        self.inner.supervisor.ahead(at_a_time(settings.workers), settings.cap_bytes);
        let line = &self.inner.work_queues.cache;
        let hold = line.hold();
        let task = line.announce().await?;
        let catalog = self.inner.store.catalog();
        for (track, profiles) in unmade {
            // What is known to fail is tried again all the same, as that was asked for.
            let known = catalog.known_small_failure(track).await?;
            let mut wanted = Vec::new();
            for profile in profiles.split(',') {
                let again = known.is_some() && !profile.starts_with('!');
                wanted.push(if again { format!("!{profile}") } else { profile.to_owned() });
            }
            let profiles = wanted.join(",");
            let job = cache_job(task, track, profiles);
            self.inner.store.jobs().enqueue(job, clock::now()).await?;
        }
        line.queued().await;
        drop(hold);
        line.count().await;
        Ok(task)
    }

    /// Asks for a transcode that a live worker then makes block by block; returns the job that makes it, the same for all
    /// who ask. The worker has to be told again and again that a listener plays it ([`Self::want`]).
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn ask_for_stream(&self, track: TrackId, profile: Profile) -> Result<JobId> {
        let job = NewJob {
            dedupe_key: Some(format!("stream:{track}:{profile}")),
            kind: JobKind::make(track, Wanted::Stream(profile.to_string())),
            task: None,
            priority: 0,
            run_at: clock::now(),
            max_attempts: TRANSCODE_ATTEMPTS,
        };
        let id = self.inner.store.jobs().enqueue(job, clock::now()).await?;
        self.inner.live.wake();
        Ok(id)
    }

    /// A listener plays what that job makes, and waits for those blocks.
    pub fn want(&self, job: JobId, blocks: Vec<u32>) {
        self.inner.live.tell(WorkerCommand::ClientDemand { job, blocks });
    }

    /// No listener is left.
    pub fn leave(&self, job: JobId) {
        self.inner.live.tell(WorkerCommand::Leave { job });
    }

    /// Evicts what is beyond the cap or too old.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn tidy_cache(&self) -> Result<u64> {
        tidy(&self.inner).await
    }
}

/// More at a time than there are processors only makes each slower.
pub(super) fn at_a_time(workers: usize) -> usize {
    workers.clamp(1, std::thread::available_parallelism().map_or(1, usize::from))
}

async fn tidy(inner: &Inner) -> Result<u64> {
    let options = Arc::clone(&inner.cache.lock().unwrap_or_else(PoisonError::into_inner));
    let now = clock::now();
    let unused_since = options.max_age_days.map(|days| Timestamp(now.0 - i64::from(days) * DAY_MS));
    let in_use_since = Timestamp(now.0 - IN_USE_MS);
    inner.store.catalog().evict_transcodes(options.cap_bytes, unused_since, in_use_since).await
}

/// Makes what is missing of an upload's transcodes as soon as it is ready, if that is set.
pub(super) async fn precache_uploads(
    ingest: Ingest,
    mut events: broadcast::Receiver<WorkerEvent>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            _ = stop.changed() => return,
        };
        let (track, task) = match event {
            Ok(WorkerEvent::Finished { track, task: Some(task), .. }) => (track, task),
            Err(broadcast::error::RecvError::Closed) => return,
            _ => continue,
        };
        if !ingest.cache().precache {
            continue;
        }
        let catalog = ingest.inner.store.catalog();
        let of_upload = catalog.task(task).await;
        if !of_upload.is_ok_and(|task| task.is_some_and(|task| task.kind == TaskKind::Upload)) {
            continue;
        }
        let Ok(Some(TrackRow { track: upload, .. })) = catalog.track(track).await else { continue };
        // Processing ends first, and then the bytes are still worked on.
        let is_ready = upload.home == TrackHome::Upload(UploadedBytes::Original);
        // Usually they were made in the same pass.
        if is_ready && !ingest.is_precached(&upload).await.unwrap_or(false) {
            ingest.precache(vec![track]).await;
        }
    }
}

/// Keeps the cache within its cap: after files were made, and every ten minutes for those that grow old.
pub(super) async fn keep_tidy(
    inner: Arc<Inner>,
    mut events: broadcast::Receiver<WorkerEvent>,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        let made = async {
            // Some that were missed count as one that was made.
            while !matches!(events.recv().await, Ok(WorkerEvent::Finished { .. }) | Err(_)) {}
            tokio::time::sleep(TIDY_PAUSE).await;
        };
        tokio::select! {
            () = made => {}
            () = inner.tidy_cache.notified() => {}
            () = tokio::time::sleep(TIDY_EVERY) => {}
            _ = stop.changed() => return,
        }
        match tidy(&inner).await {
            Ok(0) => {}
            Ok(gone) => {
                tracing::info!(gone, "evicted the transcodes that were not used for the longest time")
            }
            Err(error) => tracing::warn!(%error, "the cache could not be kept within its cap"),
        }
    }
}
