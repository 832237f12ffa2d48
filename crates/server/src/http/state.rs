//! What every handler can reach.

use std::sync::Arc;

use fanfare_delivery::{Delivery, Maker};
use fanfare_ingest::Ingest;
use fanfare_model::{JobId, Result};
use fanfare_store::Store;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{
    callers::Callers, descriptors::Shares, metrics::Metrics, password::Passwords, places::Places,
    throttle::Throttle, unstored::Unstored,
};
use crate::{Settings, settings::LiveSettings};

/// Files taken in at the same time: each has a buffer of some 300 KiB and a share of the disk. One person's at most half.
const UPLOADS: usize = 32;

/// Bodies taken in at the same time; images lie in files meanwhile. One person's at most half.
const BODIES: usize = 16;

/// Event streams open at the same time; each is a task and a buffer that its client may never read.
const EVENT_STREAMS: usize = 256;

/// The server's parts. Cheap to clone.
#[derive(Clone)]
pub struct HttpState {
    /// What survives a restart.
    pub store: Store,
    /// What brings files in.
    pub ingest: Ingest,
    /// What opens tracks for listeners.
    pub delivery: Arc<Delivery>,
    /// What was set when the server started: for what is read only then.
    pub settings: Arc<Settings>,
    /// What is set now, and its changes.
    pub live_settings: Arc<LiveSettings>,
    /// Cancelled when the server shuts down: streams that would not end by themselves end then.
    pub closing: CancellationToken,
    pub(super) callers: Arc<Callers>,
    /// Sessions of people who signed in while nothing could be stored.
    pub(super) unstored: Arc<Unstored>,
    pub(super) passwords: Passwords,
    pub(super) throttle: Throttle,
    pub(super) metrics: Arc<Metrics>,
    pub(super) bodies: Arc<Places>,
    pub(super) event_streams: Arc<Semaphore>,
    pub(super) uploads: Arc<Places>,
}

impl HttpState {
    /// The state over an open store and a running ingest.
    #[must_use]
    pub fn new(store: Store, ingest: Ingest, live_settings: LiveSettings) -> Self {
        let asked = ingest.clone();
        let ask = move |track| -> BoxFuture<'static, Result<JobId>> {
            let ingest = asked.clone();
            Box::pin(async move { ingest.ask_for_ladder(track).await })
        };
        let kept_open = Shares::here().kept_open;
        let delivery = Delivery::new(store.clone(), maker(&ingest), Arc::new(ask), kept_open);
        Self {
            delivery: Arc::new(delivery),
            store,
            ingest,
            settings: live_settings.current(),
            live_settings: Arc::new(live_settings),
            closing: CancellationToken::new(),
            callers: Arc::default(),
            unstored: Arc::default(),
            passwords: Passwords::new(),
            throttle: Throttle::default(),
            metrics: Arc::default(),
            bodies: Places::new(BODIES, BODIES / 2),
            event_streams: Arc::new(Semaphore::new(EVENT_STREAMS)),
            uploads: Places::new(UPLOADS, UPLOADS / 2),
        }
    }
}

/// Ingest's workers, as delivery knows who makes transcodes.
fn maker(ingest: &Ingest) -> Maker {
    let (asked, wanted, left) = (ingest.clone(), ingest.clone(), ingest.clone());
    let ask = move |track, profile| -> BoxFuture<'static, Result<JobId>> {
        let ingest = asked.clone();
        Box::pin(async move { ingest.ask_for_stream(track, profile).await })
    };
    Maker {
        ask: Arc::new(ask),
        want: Arc::new(move |job, blocks| wanted.want(job, blocks)),
        leave: Arc::new(move |job| left.leave(job)),
    }
}
