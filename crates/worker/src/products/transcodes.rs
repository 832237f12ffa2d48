//! The product of whole transcodes: one sink for each file.

use std::sync::Arc;

use fanfare_audio::{OpenOptions, PcmSource, SinkOutcome, SinkPolicy, SinkReport};
use fanfare_model::{Error, ErrorKind, Profile, Result};
use fanfare_store::Making;

use super::{
    made::Made,
    product::{NamedSinks, Product},
    transcode_source::{Subject, TranscodePlans, too_short},
    whole::{self, WholeFile, by_rate},
};

/// Transcodes of a track, in files under temporary names.
pub(crate) struct TranscodesProduct {
    subject: Subject,
    making: Arc<Making>,
    open: OpenOptions,
    wanted: Wanted,
    files: Vec<WholeFile>,
}

/// What is made, and whether the pass is useless without it.
enum Wanted {
    /// The pass is for these; their plans were written before it.
    All { plans: TranscodePlans, plain: Vec<Profile> },
    /// What cannot be made in this pass is left out: a later run makes it or says why it cannot be made.
    AsFarAsPossible(Vec<Profile>),
}

impl TranscodesProduct {
    /// The pass is for these transcodes.
    pub(crate) fn all(
        subject: Subject,
        (plans, plain): (TranscodePlans, Vec<Profile>),
        open: OpenOptions,
        making: Arc<Making>,
    ) -> Self {
        Self { subject, making, open, wanted: Wanted::All { plans, plain }, files: Vec::new() }
    }

    /// The pass is for something else, and nothing here fails it.
    pub(crate) const fn as_far_as_possible(
        subject: Subject,
        profiles: Vec<Profile>,
        open: OpenOptions,
        making: Arc<Making>,
    ) -> Self {
        Self { subject, making, open, wanted: Wanted::AsFarAsPossible(profiles), files: Vec::new() }
    }

    /// A file that does not state its length gets none: its transcodes would have to state theirs before it is analyzed.
    fn possible(&self, profiles: &[Profile], source: &dyn PcmSource) -> Result<(NamedSinks, Vec<WholeFile>)> {
        let unknown = || Error::new(ErrorKind::Unsupported, "its length is not known");
        let frames = source.facts().declared_frames.ok_or_else(unknown)?;
        if too_short(source, frames).is_some() {
            return Err(Error::new(ErrorKind::Malformed, "the file is cut"));
        }
        let (constant, plain) = by_rate(profiles);
        let plans = self.subject.plans_for(&constant, source.spec(), frames)?;
        whole::sinks(plans, &plain, source, &self.open, &self.making)
    }
}

impl Product for TranscodesProduct {
    fn policy(&self, _: SinkPolicy) -> SinkPolicy {
        SinkPolicy::Must
    }

    fn sinks(&mut self, source: &dyn PcmSource, _: SinkPolicy) -> Result<NamedSinks> {
        let begun = match &mut self.wanted {
            Wanted::All { plans, plain } => {
                whole::sinks(std::mem::take(plans), plain, source, &self.open, &self.making)?
            }
            Wanted::AsFarAsPossible(profiles) => {
                let profiles = std::mem::take(profiles);
                self.possible(&profiles, source).unwrap_or_else(|error| {
                    let (track, file) = (self.subject.id, &*self.subject.shown);
                    tracing::info!(%track, file, %error, "no transcodes are made with an upload");
                    Default::default()
                })
            }
        };
        self.files = begun.1;
        Ok(begun.0)
    }

    /// Those whose sinks came to their end, and that are smaller than their source.
    fn keep(self: Box<Self>, reports: &[SinkReport], made: &mut Made) -> Result<()> {
        let must = matches!(self.wanted, Wanted::All { .. });
        for (file, report) in self.files.into_iter().zip(reports) {
            match &report.outcome {
                SinkOutcome::Finished if file.is_smaller_than(self.subject.size(), &self.making) => {
                    made.transcodes.push(file);
                }
                SinkOutcome::Finished => {}
                SinkOutcome::Evicted { kind, message, .. } if must => {
                    return Err(Error::new(*kind, message.clone()));
                }
                SinkOutcome::Evicted { message, .. } => {
                    tracing::info!(name = report.name, message, "a transcode was not made with an upload");
                }
            }
        }
        Ok(())
    }
}
