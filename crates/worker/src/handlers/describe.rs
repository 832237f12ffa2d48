//! The job `enrich-track-audio`: what follows from an upload's sound beyond the first analysis.
//!
//! It fails open: after the last attempt the track is ready all the same, and says what it lacks.

use std::sync::Arc;

use fanfare_audio::CancelFlag;
use fanfare_channel::clock;
use fanfare_model::{
    Error, ErrorKind, Features, Result, Timestamp, TrackId, enrichment::Enrichment, features::Fingerprint,
    job::JobError,
};
use fanfare_store::{AfterFailure, ENRICH_PAUSE_MS, EnrichCommit, LeaseKey};

use crate::{
    loaded::track_or_finish,
    products::duplicates::{Among, duplicate},
    resources::Resources,
    runtime::{
        job::LeasedJob,
        work::{Begun, Progress, Work},
    },
};

/// Enriching one track.
pub(crate) struct DescribeTrack {
    resources: Arc<Resources>,
    id: TrackId,
    duration_s: f64,
    /// Of a track of which no duplicate is known.
    fingerprint: Option<Fingerprint>,
}

impl DescribeTrack {
    pub(super) const fn new(resources: Arc<Resources>, id: TrackId) -> Self {
        Self { resources, id, duration_s: 0.0, fingerprint: None }
    }
}

impl Work for DescribeTrack {
    type Product = Box<Enrichment>;

    fn track(&self) -> TrackId {
        self.id
    }

    async fn begin(&mut self, held: &LeasedJob) -> Result<Option<Begun<Self::Product>>> {
        let Some(track) = track_or_finish(held, self.id).await? else { return Ok(None) };
        let catalog = held.context.store.catalog();
        let (results, _) = catalog.analysis(self.id).await?;
        let duration_s = track.audio.as_ref().and_then(fanfare_model::AudioProperties::duration_s);
        let (features, duration_s) = (Features::from_results(results), duration_s.unwrap_or_default());
        self.duration_s = duration_s;
        self.fingerprint = features.fingerprint.clone().filter(|_| track.duplicate.is_none());
        let describe = self.resources.parts.describe;
        let blocking_work =
            Box::new(move |_: &CancelFlag, _: &mut Progress| describe(&features, duration_s).map(Box::new));
        Ok(Some(Begun { shown: track.relative_path, blocking_work }))
    }

    async fn commit(&mut self, held: &LeasedJob, found: Box<Enrichment>) -> Result<()> {
        let store = &held.context.store;
        // Two copies that were processed at the same time knew nothing of each other; by now both are stored.
        let duplicate =
            duplicate(store, self.id, self.duration_s, self.fingerprint.as_ref(), Among::Earlier).await;
        let done = EnrichCommit {
            job: held.job.id,
            attempt: held.attempt(),
            owner: held.owner().to_owned(),
            track: self.id,
            found: *found,
            duplicate,
        };
        store.catalog().commit_enrichment(&done, clock::now()).await
    }

    async fn after(&mut self, held: &LeasedJob) {
        delete_if_temporary(held, self.id).await;
    }

    /// Three attempts, five minutes apart (D17); what can never be told is given up at once (D22).
    fn retry_at(&self, held: &LeasedJob, kind: ErrorKind, now: Timestamp) -> Option<Timestamp> {
        next_enrichment(kind, held.job.attempt.0, held.job.max_attempts, now)
    }

    async fn give_up(&mut self, held: &LeasedJob, error: &Error, now: Timestamp) -> Result<()> {
        let jobs = held.context.store.jobs();
        let error = JobError::from(error);
        jobs.fail(LeaseKey::new(held.job.id, held.attempt(), held.owner()), error, AfterFailure::Park, now)
            .await?;
        delete_if_temporary(held, self.id).await;
        Ok(())
    }
}

/// When an enrichment is tried again that failed for that reason: after a pause of its own, always the same.
fn next_enrichment(kind: ErrorKind, attempt: u32, max_attempts: u32, now: Timestamp) -> Option<Timestamp> {
    let hopeless = matches!(
        kind,
        ErrorKind::Empty | ErrorKind::Unsupported | ErrorKind::NoDecoder | ErrorKind::Malformed
    );
    (!hopeless && attempt < max_attempts).then(|| now.plus_ms(ENRICH_PAUSE_MS))
}

/// Removes the bytes of an upload that is done with them; what stays is swept later.
async fn delete_if_temporary(held: &LeasedJob, track: TrackId) {
    let catalog = held.context.store.catalog();
    let Ok(Some(hash)) = catalog.track_hash(track).await else { return };
    if let Err(error) = catalog.delete_unused_upload(hash).await {
        tracing::warn!(%error, "temporary audio is left until it is swept");
    }
}

#[cfg(test)]
mod tests {
    use fanfare_store::ENRICH_ATTEMPTS;

    use super::*;
    use fanfare_channel::retry::next_attempt;

    /// issue 12: two retries, five minutes apart, whatever the reason and the attempt; other jobs have other pauses.
    #[test]
    fn an_enrichment_is_tried_three_times_five_minutes_apart() {
        assert_eq!(ENRICH_ATTEMPTS, 3);
        let now = Timestamp(1_000);
        for kind in ErrorKind::ALL {
            let hopeless = matches!(
                kind,
                ErrorKind::Empty | ErrorKind::Unsupported | ErrorKind::NoDecoder | ErrorKind::Malformed
            );
            for attempt in 1..=4 {
                let expected = (!hopeless && attempt < 3).then_some(Timestamp(1_000 + 300_000));
                assert_eq!(
                    next_enrichment(*kind, attempt, ENRICH_ATTEMPTS, now),
                    expected,
                    "{kind} {attempt}"
                );
            }
        }
        let shared = next_attempt(ErrorKind::Io, 1, ENRICH_ATTEMPTS, now, 0.5);
        assert_eq!(shared, Some(Timestamp(1_000 + 5_000)), "the pause of other jobs");
    }
}
