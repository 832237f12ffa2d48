//! The analysis of a track that is decoded for a listener: the analyzers it lacks get the same frames.
//!
//! Live and background exclude each other by the lease of the track's analyze job: its holder analyzes the track. The
//! listener never waits: analyzers that fall behind are evicted, and then nothing is stored: a job that waited waits again,
//! one that was made for this is withdrawn. The track is analyzed next all the same: the server sees to that when it sends
//! its bytes (`played.rs` of `ingest`).

use std::path::PathBuf;

use fanfare_analysis::AnalyzerEntry;
use fanfare_channel::{clock, protocol::WorkerEvent};
use fanfare_model::{
    ContentHash, Job, JobKind, Queue, Result, Timestamp, Track, TrackId, Wanted,
    features::AnalyzerResult,
    track::{TrackHome, UploadedBytes},
};
use fanfare_store::{ANALYZE_ATTEMPTS, AnalysisCommit, HEARTBEAT_MS, NewJob, Store};
use tokio::task::JoinHandle;

use super::analyze_file::Analyzed;
use crate::{
    products::{
        choice::Choice,
        stored_analysis::{enrichment, previous_analysis},
    },
    resources::Resources,
    runtime::job::LeasedJob,
};

/// The queue of the jobs that are claimed.
const QUEUE: &str = Queue::Features.name();

/// A track's analyze job, held by a job that decodes the track for a listener.
pub(crate) struct AnalysisJob {
    store: Store,
    owner: String,
    job: Job,
    track: Box<Track>,
    path: PathBuf,
    analyzers: Vec<AnalyzerEntry>,
    left_out: Vec<AnalyzerResult>,
    /// Whether the job was made for this, and did not wait before.
    made_here: bool,
    /// Renews the lease.
    beat: JoinHandle<()>,
    /// Whether the job was ended, so that there is nothing to give back.
    over: bool,
}

impl AnalysisJob {
    /// Takes the track's analyze job along; `None` where the track lacks nothing, is being analyzed, or is an upload that
    /// is not ready, which its own job analyzes.
    pub(crate) async fn take(
        held: &LeasedJob,
        resources: &Resources,
        track: &Track,
        path: PathBuf,
    ) -> Option<Self> {
        let all = &resources.parts.analyzers;
        if matches!(track.home, TrackHome::Upload(UploadedBytes::Incoming)) {
            return None;
        }
        let (store, owner) = (held.context.store.clone(), held.owner().to_owned());
        let before = previous_analysis(&store, all, track).await.ok().flatten();
        let lacks =
            |entry: &AnalyzerEntry| before.as_ref().is_none_or(|before| !before.analyzers.contains(entry.id));
        if !all.iter().any(lacks) {
            return None;
        }
        let claimed = claim(&store, track.id, &owner).await;
        let (job, made_here) = claimed
            .inspect_err(|error| tracing::warn!(%error, "could not analyze beside a listener"))
            .ok()??;
        // Where the bytes are not known yet, nothing was analyzed of them either.
        let hash = before.as_ref().map_or(ContentHash::from_bytes([0; 32]), |before| before.content_hash);
        // An analyzer that killed a worker beside the listener is let alone here, too.
        let without: Vec<String> = job.without.iter().chain(&held.job.without).cloned().collect();
        let Choice { analyzers, left_out } = Choice::new(all, before.as_ref(), hash, &without);
        let beat = tokio::spawn(renew(store.clone(), job.clone(), owner.clone()));
        let analysis = Self {
            store,
            owner,
            job,
            track: Box::new(track.clone()),
            path,
            analyzers,
            left_out,
            made_here,
            beat,
            over: false,
        };
        let (id, attempt) = (analysis.job.id, analysis.job.attempt);
        // Dropped on an error, it gives the job back.
        let catalog = analysis.store.catalog();
        catalog.begin_analysis(id, attempt, &analysis.owner, track.id, clock::now()).await.ok()?;
        Some(analysis)
    }

    /// Those that analyze along.
    pub(crate) fn analyzers(&self) -> Vec<AnalyzerEntry> {
        self.analyzers.clone()
    }

    /// Stores what was analyzed, if nobody fell behind, and runs what follows an analysis.
    pub(crate) async fn store(mut self, held: &LeasedJob, resources: &Resources, analyzed: Analyzed) {
        let Analyzed { content_hash, changed_ns, audio, mut results, warnings } = analyzed;
        if results.len() < self.analyzers.len() {
            tracing::debug!(track = %self.track.id, "analyzers fell behind a listener; the track is analyzed later");
            return; // given back
        }
        results.append(&mut self.left_out);
        let enrichment = enrichment(&self.store, &self.track, content_hash, &audio, &results).await;
        let commit = AnalysisCommit {
            job: self.job.id,
            attempt: self.job.attempt,
            owner: self.owner.clone(),
            track: self.track.id,
            size_bytes: self.track.size_bytes,
            modified: self.track.modified,
            changed_ns,
            content_hash,
            audio,
            results,
            warnings,
            enrichment,
        };
        match self.store.catalog().commit_analysis(commit, clock::now()).await {
            Ok(()) => {
                self.over = true;
                let (job, track, task) = (self.job.id, self.track.id, self.job.task);
                held.say(&WorkerEvent::Finished { job, track, task });
                resources.follow_up(&self.store, &self.track, &self.path).await;
            }
            Err(error) => tracing::info!(%error, "what was analyzed beside a listener was not stored"),
        }
    }
}

/// Claims the job that analyzes the track, made here where none waits, and says which; `None` when somebody else has it.
async fn claim(store: &Store, track: TrackId, owner: &str) -> Result<Option<(Job, bool)>> {
    let now = clock::now();
    if let Some(job) = store.jobs().claim_about(QUEUE, track, owner, now).await? {
        return Ok(Some((job, false)));
    }
    let new = NewJob {
        kind: JobKind::make(track, Wanted::Features),
        task: None,
        dedupe_key: Some(format!("analyze:{track}")),
        priority: 0,
        run_at: now,
        max_attempts: ANALYZE_ATTEMPTS,
    };
    // While it runs elsewhere this gives the running one, which cannot be claimed.
    store.jobs().enqueue(new, now).await?;
    Ok(store.jobs().claim_about(QUEUE, track, owner, now).await?.map(|job| (job, true)))
}

impl Drop for AnalysisJob {
    fn drop(&mut self) {
        self.beat.abort();
        if self.over {
            return;
        }
        let (store, job, owner) = (self.store.clone(), self.job.clone(), std::mem::take(&mut self.owner));
        let made_here = self.made_here;
        // A lease that is not given back runs out within a minute.
        tokio::spawn(async move {
            let (jobs, now) = (store.jobs(), clock::now());
            let given = match made_here {
                true => jobs.withdraw(job.id, job.attempt, &owner, now).await,
                false => jobs.give_back(job.id, job.attempt, &owner, now).await,
            };
            if let Err(error) = given {
                tracing::debug!(job = %job.id, %error, "could not give a job back");
            }
        });
    }
}

async fn renew(store: Store, job: Job, owner: String) {
    let every = std::time::Duration::from_millis(HEARTBEAT_MS as u64);
    loop {
        tokio::time::sleep(every).await;
        let now: Timestamp = clock::now();
        if let Err(error) = store.jobs().heartbeat(job.id, job.attempt, &owner, now).await {
            tracing::warn!(job = %job.id, %error, "could not renew a lease");
        }
    }
}
