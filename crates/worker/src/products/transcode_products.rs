//! Transcodes that are made with an upload's ladder, from the same decode.
//!
//! Nothing here fails the upload: what cannot be made in this pass is left out, and the run that follows an upload makes it
//! or says why it cannot be made.

use std::path::PathBuf;

use fanfare_audio::{OpenOptions, PcmSource, SinkOutcome, SinkReport};
use fanfare_model::{ContentHash, Error, ErrorKind, Profile, Result, Timestamp, Track};
use fanfare_store::{CachedFile, Making};

use super::{
    small::{Subject, too_short},
    whole::{self, NamedSinks, WholeFile, by_rate, sink_name},
};
use crate::runtime::job::LeasedJob;

/// The transcodes that are wanted of an upload.
pub(crate) struct TranscodeProducts {
    subject: Subject,
    profiles: Vec<Profile>,
    making: Making,
}

/// Those that are being made.
pub(crate) struct ProductFiles {
    files: Vec<WholeFile>,
    making: Making,
}

impl TranscodeProducts {
    /// Which of those profiles, separated by commas, can be made in the pass of that track. `None` for none: none is
    /// wanted, the track is small already, all of them are there, or the cache has no room.
    pub(crate) async fn of(held: &LeasedJob, track: &Track, path: PathBuf, profiles: &str) -> Option<Self> {
        if profiles.is_empty() || !track.audio.as_ref().is_some_and(|audio| audio.is_lossless()) {
            return None;
        }
        match Self::wanted(held, track, path, profiles).await {
            Ok(transcodes) => transcodes,
            Err(error) => {
                tracing::info!(track = %track.id, file = track.relative_path, %error, "no transcodes are made with an upload");
                None
            }
        }
    }

    async fn wanted(held: &LeasedJob, track: &Track, path: PathBuf, profiles: &str) -> Result<Option<Self>> {
        let catalog = held.context.store.catalog();
        let there = match track.hash {
            Some(hash) => catalog.cached_there(hash).await?,
            None => Vec::new(),
        };
        let mut wanted = Vec::new();
        for word in profiles.split(',') {
            let profile: Profile = word.parse()?;
            let of_it = track.audio.as_ref().and_then(|audio| profile.for_source(audio, track.size_bytes));
            let Some(profile) = of_it else { continue };
            // An encoder that ended a worker with this upload is let alone.
            let is_let_alone = held.job.without.contains(&sink_name(profile));
            let is_there = there.iter().any(|file| file.profile == profile.to_string());
            if !is_let_alone && !is_there && !wanted.contains(&profile) {
                wanted.push(profile);
            }
        }
        if wanted.is_empty() {
            return Ok(None);
        }
        let making = catalog.cache().begin(held.job.id, held.attempt())?;
        Ok(Some(Self { subject: Subject::new(held, track, path).await?, profiles: wanted, making }))
    }

    /// The sinks that make them of that source, which is at its start.
    ///
    /// A file that does not state its length gets none: its transcodes would have to state theirs before it is analyzed.
    pub(crate) fn begin(
        self,
        source: &dyn PcmSource,
        open: &OpenOptions,
    ) -> (NamedSinks, Option<ProductFiles>) {
        let Self { subject, profiles, making } = self;
        let begun = || {
            let frames = source.facts().declared_frames;
            let frames =
                frames.ok_or_else(|| Error::new(ErrorKind::Unsupported, "its length is not known"))?;
            if too_short(source, frames).is_some() {
                return Err(Error::new(ErrorKind::Malformed, "the file is cut"));
            }
            let (constant, plain) = by_rate(&profiles);
            let plans = subject.plans_for(&constant, source.spec(), frames)?;
            whole::sinks(plans, &plain, source, open, &making)
        };
        match begun() {
            Ok((sinks, files)) => (sinks, Some(ProductFiles { files, making })),
            Err(error) => {
                let (track, file) = (subject.id, &*subject.shown);
                tracing::info!(%track, file, %error, "no transcodes are made with an upload");
                (Vec::new(), None)
            }
        }
    }
}

impl ProductFiles {
    /// Those whose sinks came to their end, and that are smaller than their source of that many bytes.
    pub(crate) fn finished(mut self, sinks: &[SinkReport], source_bytes: u64) -> Self {
        let making = &self.making;
        self.files.retain(|file| {
            let name = sink_name(file.profile);
            let report = sinks.iter().find(|report| report.name == name);
            match report.map(|report| &report.outcome) {
                Some(SinkOutcome::Finished) => file.is_smaller_than(source_bytes, making),
                Some(SinkOutcome::Evicted { message, .. }) => {
                    tracing::info!(name, message, "a transcode was not made with an upload");
                    false
                }
                None => false,
            }
        });
        self
    }

    /// Gives them their names; those that can be given one.
    pub(crate) async fn keep(self, hash: ContentHash, now: Timestamp) -> Vec<CachedFile> {
        let Self { files, making } = self;
        let keep = move || {
            let kept = files.into_iter().map(|file| file.keep(hash, &making, now));
            let told = kept.inspect(|kept| {
                if let Err(error) = kept {
                    tracing::info!(%hash, %error, "a transcode of an upload was not kept");
                }
            });
            told.filter_map(Result::ok).collect()
        };
        tokio::task::spawn_blocking(keep).await.unwrap_or_default()
    }
}
