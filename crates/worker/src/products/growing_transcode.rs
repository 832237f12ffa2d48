//! A transcode that grows block by block while a listener plays it: the part that one pass makes.

use fanfare_audio::{PcmSink, PcmSource, SinkOutcome, SinkPolicy, SinkReport};
use fanfare_model::{Error, ErrorKind, Result};

use super::{
    made::Made,
    product::{NamedSinks, Product},
};

/// The name of the sink: the thread has it.
const SINK: &str = "small";
/// The message of the error with which a sink ends its pass because the next one begins elsewhere.
pub(crate) const TURN_OVER: &str = "the pass ends here";
/// The message of the error with which a file ends that no listener plays any more.
pub(crate) const NO_LISTENER: &str = "no listener plays it any more";

pub(crate) fn no_listener() -> Error {
    Error::new(ErrorKind::Cancelled, NO_LISTENER)
}

/// The sink that writes the blocks of one pass.
pub(crate) struct GrowingTranscode(Option<Box<dyn PcmSink>>);

impl GrowingTranscode {
    pub(crate) const fn new(sink: Box<dyn PcmSink>) -> Self {
        Self(Some(sink))
    }
}

impl Product for GrowingTranscode {
    /// The listener waits for it: it is never left out because it lags.
    fn policy(&self, _: SinkPolicy) -> SinkPolicy {
        SinkPolicy::Must
    }

    fn sinks(&mut self, _: &dyn PcmSource, _: SinkPolicy) -> Result<NamedSinks> {
        Ok(self.0.take().map(|sink| (SINK.to_owned(), sink)).into_iter().collect())
    }

    fn keep(self: Box<Self>, reports: &[SinkReport], made: &mut Made) -> Result<()> {
        match reports.first().map(|report| &report.outcome) {
            Some(SinkOutcome::Finished) => made.grown_to_its_end = true,
            Some(SinkOutcome::Evicted { message, .. }) if message.contains(NO_LISTENER) => {
                return Err(no_listener());
            }
            Some(SinkOutcome::Evicted { kind, message, .. }) if !message.contains(TURN_OVER) => {
                return Err(Error::new(*kind, message.clone()));
            }
            _ => {}
        }
        Ok(())
    }
}
