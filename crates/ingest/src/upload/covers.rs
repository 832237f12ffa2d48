//! Covers of uploads: made after their tracks are there, of each person one after the other.
//!
//! Invariants: nobody's cover waits for all of somebody else's; an upload is queued before anything is made of its picture; what is wanted stands in the store, so that
//! nothing is forgotten when the program ends; a picture that gives no cover says why with its track, and is not tried
//! again; one that could not be tried is, a few times.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use fanfare_channel::clock;
use fanfare_model::{ContentHash, Error, ErrorKind, Result, TrackId};
use fanfare_store::{BlobKind, Failure, Store, WantedCover};
use tokio::{
    sync::{Notify, broadcast, watch},
    task::JoinSet,
};

use crate::{
    pictures::{Embedded, Pictures, Whose},
    text,
};

/// People of whom a cover is being made at the same time: each waits in their own line of [`Pictures`].
const PEOPLE: u32 = 16;
/// Pause after a cover that could not be tried (the disk is full, the database is busy).
const RETRY: Duration = Duration::from_secs(30);
/// How often that is before it is given up.
const TRIES: u32 = 5;
/// Covers of which a listener was not told yet, at most; it looks for itself then.
const WAITING: usize = 64;

/// Makes covers of uploads. Cheap to clone.
#[derive(Clone)]
pub(crate) struct UploadCovers {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    pictures: Pictures,
    /// Notified when a track wants a cover.
    wanted: Notify,
    /// Says which track has what it wanted.
    made: broadcast::Sender<TrackId>,
}

impl UploadCovers {
    pub(crate) fn new(store: Store, pictures: Pictures) -> Self {
        let (made, _) = broadcast::channel(WAITING);
        Self { inner: Arc::new(Inner { store, pictures, wanted: Notify::new(), made }) }
    }

    /// There is a track that wants a cover.
    pub(crate) fn wake(&self) {
        self.inner.wanted.notify_one();
    }

    /// Waits until the track has its cover or never will, for as long as that at most.
    pub(crate) async fn wait_for(&self, track: TrackId, at_most: Duration) {
        let mut made = self.inner.made.subscribe();
        let done = async {
            while let Ok(true) = self.inner.store.catalog().wants_cover(track).await {
                // One that was missed is looked up.
                while let Ok(other) = made.recv().await {
                    if other == track {
                        break;
                    }
                }
            }
        };
        let _in_time = tokio::time::timeout(at_most, done).await;
    }

    /// Makes covers until told to stop.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut tries = HashMap::new();
        loop {
            let again = tokio::select! {
                again = self.make_all(&mut tries) => again,
                _ = stop.changed() => return,
            };
            let retry = async {
                if again {
                    tokio::time::sleep(RETRY).await;
                } else {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = self.inner.wanted.notified() => {}
                () = retry => {}
                _ = stop.changed() => return,
            }
        }
    }

    /// Makes all that are wanted, of each person one at a time; `true` when some are to be tried again.
    async fn make_all(&self, tries: &mut HashMap<TrackId, u32>) -> bool {
        let (mut put_off, mut served, mut making) = (Vec::new(), HashSet::new(), JoinSet::new());
        loop {
            let wanted = match self.inner.store.catalog().wanted_covers(&put_off, PEOPLE).await {
                Ok(wanted) => wanted,
                Err(error) => {
                    tracing::warn!(%error, "cannot look for covers to be made");
                    return true;
                }
            };
            for wanted in wanted {
                if served.insert(wanted.uploader) {
                    let tried = tries.entry(wanted.track).or_insert(0);
                    *tried += 1;
                    let (covers, last) = (self.clone(), *tried >= TRIES);
                    making.spawn(async move { (wanted, covers.make(wanted, last).await) });
                }
            }
            let made = tokio::select! {
                made = making.join_next() => made,
                // Somebody else may have come meanwhile.
                () = self.inner.wanted.notified() => continue,
            };
            match made {
                None => return !put_off.is_empty(),
                Some(Ok((wanted, true))) => {
                    served.remove(&wanted.uploader);
                    tries.remove(&wanted.track);
                    let _nobody_listens = self.inner.made.send(wanted.track);
                }
                Some(Ok((wanted, false))) => {
                    served.remove(&wanted.uploader);
                    put_off.push(wanted.track);
                }
                Some(Err(error)) => {
                    tracing::error!(%error, "making a cover broke off");
                    return true;
                }
            }
        }
    }

    /// Makes one; `false` when it is to be tried again.
    async fn make(&self, WantedCover { track, uploader }: WantedCover, last: bool) -> bool {
        let made = self.cover(track, uploader.map_or(Whose::Nobody, Whose::Person)).await;
        let outcome = match &made {
            Ok(cover) => Ok(*cover),
            Err(error) if !last && may_be_tried_again(error.kind()) => {
                tracing::debug!(%track, %error, "an upload's cover is tried again");
                return false;
            }
            Err(error) => Err(text::sentence(error)),
        };
        if let Err(error) = &made {
            let name = self.inner.store.catalog().shown_name(track).await.ok().flatten();
            Failure::new("using a cover", Some(track), name.unwrap_or_default(), error).tell();
        }
        let outcome = outcome.as_ref().copied().map_err(String::as_str);
        match self.inner.store.catalog().set_wanted_cover(track, outcome, clock::now()).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%track, %error, "an upload's cover cannot be stored");
                false
            }
        }
    }

    async fn cover(&self, track: TrackId, whose: Whose) -> Result<Option<ContentHash>> {
        let gone = || Error::new(ErrorKind::NotFound, "the file was gone before its cover was made");
        let path: PathBuf = self.inner.store.catalog().track_path(track).await?.ok_or_else(gone)?;
        match self.inner.pictures.embedded(whose, path).await? {
            None => Ok(None),
            Some(Embedded { cover, .. }) => {
                self.inner.store.blobs().put(BlobKind::Cover, &cover?.jpeg).await.map(Some)
            }
        }
    }
}

/// Whether that says nothing about the picture. One that takes too long would again.
const fn may_be_tried_again(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::TooMany) || kind.is_transient() && !matches!(kind, ErrorKind::Timeout)
}
