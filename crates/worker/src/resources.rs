//! [`Resources`]: what the handlers of all kinds of jobs share besides the runtime's context.

use std::{path::Path, sync::Arc};

use fanfare_audio::{FanOutOptions, OpenOptions};
use fanfare_channel::{LiveSender, protocol::WorkerCommand};
use fanfare_model::{Features, Track, TrackId};
use fanfare_store::Store;

use super::{
    demand::{ClientDemand, Demand},
    parts::WorkerParts,
    room::Room,
    roots::Roots,
    runtime::job::LeasedJob,
};
use crate::post_analysis::{catch_up, run_hooks};

/// What handlers share.
pub(crate) struct Resources {
    pub(crate) parts: WorkerParts,
    pub(crate) open: OpenOptions,
    /// What listeners wait for.
    pub(crate) demand: Demand,
    pub(crate) roots: Roots,
    /// What the cache's cap leaves.
    pub(crate) room: Room,
    /// The live channel to the server; a worker that was started by hand has none.
    pub(crate) live: Option<LiveSender>,
}

impl Resources {
    pub(crate) fn new(parts: WorkerParts, open: OpenOptions, live: Option<LiveSender>) -> Arc<Self> {
        let (demand, roots, room) = (Demand::default(), Roots::default(), Room::default());
        Arc::new(Self { parts, open, demand, roots, room, live })
    }

    /// Sees each command of the server when it is read, and says whether that was all that had to be done about it.
    pub(crate) fn take_in(&self, command: &WorkerCommand) -> bool {
        match command {
            // These come often, and no waiting job follows from them.
            WorkerCommand::ClientDemand { job, blocks } => {
                self.demand.tell(*job, ClientDemand::Blocks(blocks.clone()));
                true
            }
            WorkerCommand::Leave { job } => {
                self.demand.tell(*job, ClientDemand::Nothing);
                true
            }
            WorkerCommand::Ahead { cap_bytes, .. } => {
                self.room.cap(*cap_bytes);
                false
            }
            #[cfg(feature = "loopback")]
            WorkerCommand::Loopback { content, total_bytes, chunk_bytes } => {
                crate::products::loopback::start(self.live.as_ref(), content, *total_bytes, *chunk_bytes);
                true
            }
            _ => false,
        }
    }

    /// Bounds of a fan-out for that job, without a budget: its sinks' threads have names by which a crashed one is known,
    /// and are counted.
    pub(crate) fn fan_out_options(&self, held: &LeasedJob) -> FanOutOptions {
        FanOutOptions {
            thread_prefix: format!("{}:", held.place),
            threads: held.threads.clone(),
            ..self.parts.fan_out_options()
        }
    }

    /// Runs what follows an analysis that is stored now ([`PostAnalysis`](fanfare_channel::PostAnalysis)), the same for background
    /// work and for a track that a listener plays.
    pub(crate) async fn follow_up(&self, store: &Store, track: &Track, path: &Path) {
        let hooks = &self.parts.post_analysis;
        if hooks.is_empty() {
            return;
        }
        match store.catalog().analysis(track.id).await {
            Ok((results, _)) => run_hooks(hooks, track, path, &Features::from_results(results), store).await,
            Err(error) => tracing::warn!(track = %track.id, %error, "could not read what was just stored"),
        }
    }

    /// Has what waited for that track go on, though its analysis failed.
    pub(crate) async fn follow_up_failure(&self, store: &Store, track: TrackId) {
        let hooks = &self.parts.post_analysis;
        if hooks.is_empty() {
            return;
        }
        match store.catalog().track(track).await {
            Ok(row) => {
                if let Some(row) = row {
                    catch_up(hooks, Some(&row.track), store).await;
                }
            }
            Err(error) => tracing::warn!(%track, %error, "could not read what was just stored"),
        }
    }
}
