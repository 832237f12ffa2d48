//! The handlers: one for each kind of job. None imports another; here they are registered.
//!
//! To add a kind of job: a file here with a type that implements [`Work`](super::runtime::work::Work), its queue in the list
//! below, and its arm in [`registry`].

mod analyze;
mod cache;
mod enrich;
mod process;
mod stream;
mod transcode;

use std::sync::Arc;

use fanfare_channel::protocol::WorkerRole;
use fanfare_model::JobKind;
use fanfare_store::Store;

use self::{
    analyze::AnalyzeTrack, cache::CacheTrack, enrich::EnrichTrack, process::ProcessTrack,
    stream::StreamTrack, transcode::TranscodeTrack,
};
use super::{
    resources::Resources,
    runtime::{
        attempt::attempt,
        job::{AttemptEnd, LeasedJob},
        registry::{Prefetch, QueueSpec, Registry, Running},
    },
};
use crate::post_analysis::catch_up;

/// All queue_specs, in the order in which they are filled.
const QUEUE_SPECS: &[QueueSpec] = &[
    // Each is one encoder that is far ahead of its listener after a second or two.
    QueueSpec { queue: "stream-track", role: WorkerRole::Live, prefetch: Prefetch::Exactly(MAX_STREAMS) },
    QueueSpec { queue: "transcode-track", role: WorkerRole::Live, prefetch: Prefetch::Slots },
    // A person waits for these: two at a time, each of which decodes and encodes on several threads.
    QueueSpec { queue: "process-track", role: WorkerRole::Background, prefetch: Prefetch::Exactly(2) },
    QueueSpec { queue: "analyze-track", role: WorkerRole::Background, prefetch: Prefetch::Slots },
    QueueSpec { queue: "cache-track", role: WorkerRole::Background, prefetch: Prefetch::Told },
    // A model takes memory once per job.
    QueueSpec { queue: "enrich-track-audio", role: WorkerRole::Background, prefetch: Prefetch::Exactly(1) },
];

/// Files that are made for listeners at a time: the server's own limit is lower, and it refuses more with a reason.
const MAX_STREAMS: usize = 64;

/// All that a worker does.
pub(super) fn registry(resources: &Arc<Resources>, store: &Store) -> Registry {
    let shared = Arc::clone(resources);
    let attempt = Box::new(move |held: LeasedJob| -> Running<AttemptEnd> {
        Box::pin(handle(held, Arc::clone(&shared)))
    });
    Registry { queues: QUEUE_SPECS, attempt, when_idle: when_idle(resources, store) }
}

/// Hooks do what waited for tracks of which nothing more is analyzed.
fn when_idle(
    resources: &Arc<Resources>,
    store: &Store,
) -> Option<Arc<dyn Fn() -> Running<()> + Send + Sync>> {
    if resources.parts.post_analysis.is_empty() {
        return None;
    }
    let (hooks, store) = (resources.parts.post_analysis.clone(), store.clone());
    Some(Arc::new(move || {
        let (hooks, store) = (hooks.clone(), store.clone());
        Box::pin(async move { catch_up(&hooks, None, &store).await })
    }))
}

/// Makes an attempt at a job of whatever kind.
async fn handle(held: LeasedJob, resources: Arc<Resources>) -> AttemptEnd {
    match held.job.kind.clone() {
        JobKind::AnalyzeTrack { track } => attempt(held, AnalyzeTrack::new(resources, track)).await,
        JobKind::ProcessTrack { track, products } => {
            attempt(held, ProcessTrack::new(resources, track, products)).await
        }
        JobKind::EnrichTrackAudio { track } => attempt(held, EnrichTrack::new(resources, track)).await,
        JobKind::StreamTrack { track, profile } => {
            attempt(held, StreamTrack::new(resources, track, profile)).await
        }
        JobKind::CacheTrack { track, profiles } => {
            attempt(held, CacheTrack::new(resources, track, profiles)).await
        }
        JobKind::TranscodeTrack { track, ladder } => {
            attempt(held, TranscodeTrack::new(resources, track, ladder)).await
        }
    }
}
