//! The product of the analyzers: one result of each.

use fanfare_analysis::{AnalyzerEntry, AnalyzerSinks};
use fanfare_audio::{PcmSource, SinkPolicy, SinkReport};
use fanfare_model::{Error, ErrorKind, Result};

use super::{
    made::Made,
    product::{NamedSinks, Product},
};

/// The analyzers that analyze a track.
pub(crate) struct FeaturesProduct {
    analyzers: Vec<AnalyzerEntry>,
    started: Option<AnalyzerSinks>,
}

impl FeaturesProduct {
    pub(crate) const fn new(analyzers: Vec<AnalyzerEntry>) -> Self {
        Self { analyzers, started: None }
    }
}

impl Product for FeaturesProduct {
    fn sinks(&mut self, source: &dyn PcmSource, of_pass: SinkPolicy) -> Result<NamedSinks> {
        let (started, sinks) = AnalyzerSinks::start(&self.analyzers, source, of_pass);
        self.started = Some(started);
        Ok(sinks)
    }

    fn keep(self: Box<Self>, reports: &[SinkReport], made: &mut Made) -> Result<()> {
        let not_started = || Error::new(ErrorKind::Internal, "the analyzers were not started");
        made.results.extend(self.started.ok_or_else(not_started)?.results(reports));
        Ok(())
    }
}
