//! [`Identify`]: what is asked after a track is analyzed.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use fanfare_channel::detached::detached;
use fanfare_model::{
    Error, ErrorKind, Features, Result, Track,
    features::{AnalyzerOutcome, AnalyzerResult, FeaturePart},
};
use fanfare_store::Store;

use super::{AcoustId, AcoustIdOptions, Lookup};

/// The name under which matches are stored beside the results of analyzers, and the version of what is asked.
const ANALYZER: &str = "acoustid";
const VERSION: u32 = 1;
/// How long nobody is asked after nobody answered, or after the service wanted its peace: a library that is analyzed
/// offline must not wait for every track.
const REST: Duration = Duration::from_secs(600);

/// What came of asking about a track.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// There is nothing to ask: it has no fingerprint, or is known already.
    Nothing,
    /// There is an answer, and it is stored.
    Stored {
        /// Whether it names anything.
        known: bool,
    },
    /// Nobody is asked for a while, with the reason.
    Rests(String),
}

/// Asks AcoustID what a track is that was just analyzed, once for the same bytes.
#[derive(Default)]
pub struct Identify {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    client: Option<(AcoustIdOptions, Arc<AcoustId>)>,
    /// Nobody is asked before then.
    rests_until: Option<Instant>,
}

impl Identify {
    /// Asks, and stores what is known. Does nothing for a track without a fingerprint, for one that is known
    /// already, and while it rests: then the next pass over the library asks.
    ///
    /// # Errors
    /// Those of [`AcoustId`] but for being offline, and of the store.
    pub async fn ask(
        &self,
        options: AcoustIdOptions,
        track: &Track,
        features: &Features,
        store: &Store,
    ) -> Result<Asked> {
        let (Some(fingerprint), None) = (&features.fingerprint, &features.acoustid) else {
            return Ok(Asked::Nothing);
        };
        // As it is stored now: the bytes that the features are of, and how long they play.
        let Some(row) = store.catalog().track(track.id).await? else {
            return Ok(Asked::Nothing);
        };
        let duration_s = row.track.audio.as_ref().and_then(|audio| audio.duration_s());
        let (Some(bytes), Some(duration_s)) = (row.track.content_hash, duration_s) else {
            return Ok(Asked::Nothing);
        };
        let Some(client) = self.client(options, Instant::now())? else {
            return Ok(Asked::Rests("AcoustID did not answer a while ago".to_owned()));
        };
        let fingerprint = fingerprint.clone();
        let looked = detached("acoustid", move || client.look_up(&fingerprint, duration_s)).await?;
        match looked {
            Ok(Lookup::Answered(matches)) => {
                let (known, part) = (!matches.is_empty(), FeaturePart::AcoustId(matches));
                let outcome = AnalyzerOutcome::Ok { part, warnings: Vec::new() };
                let result = AnalyzerResult { analyzer: ANALYZER.to_owned(), version: VERSION, outcome };
                store.catalog().add_result(track.id, bytes, &result, fanfare_channel::clock::now()).await?;
                Ok(Asked::Stored { known })
            }
            Ok(Lookup::NotReached(reason)) => {
                tracing::debug!(reason, "nobody is asked for a while");
                self.rest(Instant::now());
                Ok(Asked::Rests(reason))
            }
            Err(error) => {
                if Self::rests_for(error.kind()) {
                    self.rest(Instant::now());
                }
                Err(error)
            }
        }
    }

    /// Whether that is trouble with the key or with the service, and not with one answer: a wrong key stays wrong, and a
    /// service in trouble is left alone.
    pub(crate) const fn rests_for(kind: ErrorKind) -> bool {
        matches!(kind, ErrorKind::Invalid | ErrorKind::TooMany | ErrorKind::Unavailable)
    }

    /// The client for those options; `None` while it rests. New options are tried at once.
    pub(super) fn client(
        &self,
        options: AcoustIdOptions,
        now: Instant,
    ) -> Result<Option<Arc<AcoustId>>, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.client {
            Some((made_with, client)) if *made_with == options => {
                let rests = state.rests_until.is_some_and(|until| now < until);
                Ok((!rests).then(|| Arc::clone(client)))
            }
            _ => {
                let client = Arc::new(AcoustId::new(options.clone())?);
                state.client = Some((options, Arc::clone(&client)));
                state.rests_until = None;
                Ok(Some(client))
            }
        }
    }

    fn rest(&self, now: Instant) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).rests_until = Some(now + REST);
    }
}
