//! The handlers. None imports another; here they are registered.
//!
//! There are two kinds of jobs: make products of a track, and describe it. Which products a job makes says for whom it makes
//! them and how urgently. So there is a handler for each choice of products: it orders a pass, stores what that made, and decides
//! what follows a failure. To add one: a file here with a type that implements [`Work`](super::runtime::work::Work), its queue in
//! the list below, and its arm in [`handle`]. A new product needs none of this: see [`products`](super::products).

mod analyze;
mod cache;
mod describe;
mod hls;
mod process;
mod stream;

use std::sync::Arc;

use fanfare_channel::protocol::WorkerRole;
use fanfare_model::{JobKind, Queue, Wanted};
use fanfare_store::Store;

use self::{
    analyze::AnalyzeTrack, cache::CacheTrack, describe::DescribeTrack, hls::HlsTrack, process::ProcessTrack,
    stream::StreamTrack,
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
    QueueSpec { queue: Queue::Stream, role: WorkerRole::Live, prefetch: Prefetch::Exactly(MAX_STREAMS) },
    QueueSpec { queue: Queue::Hls, role: WorkerRole::Live, prefetch: Prefetch::Slots },
    // A person waits for these: two at a time, each of which decodes and encodes on several threads.
    QueueSpec { queue: Queue::Upload, role: WorkerRole::Background, prefetch: Prefetch::Exactly(2) },
    QueueSpec { queue: Queue::Features, role: WorkerRole::Background, prefetch: Prefetch::Slots },
    QueueSpec { queue: Queue::Transcodes, role: WorkerRole::Background, prefetch: Prefetch::Told },
    // A model takes memory once per job.
    QueueSpec { queue: Queue::Describe, role: WorkerRole::Background, prefetch: Prefetch::Exactly(1) },
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
        JobKind::Describe { track } => attempt(held, DescribeTrack::new(resources, track)).await,
        JobKind::MakeProducts { track, wanted } => match wanted {
            Wanted::Features => attempt(held, AnalyzeTrack::new(resources, track)).await,
            Wanted::Upload(products) => attempt(held, ProcessTrack::new(resources, track, products)).await,
            Wanted::Hls(ladder) => attempt(held, HlsTrack::new(resources, track, ladder)).await,
            Wanted::Stream(profile) => attempt(held, StreamTrack::new(resources, track, profile)).await,
            Wanted::Transcodes(profiles) => attempt(held, CacheTrack::new(resources, track, profiles)).await,
        },
    }
}
