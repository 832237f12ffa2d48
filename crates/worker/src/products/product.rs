//! [`Product`]: whatever a pass can make.

pub(crate) use fanfare_analysis::NamedSinks;
use fanfare_audio::{PcmSource, SinkPolicy, SinkReport};
use fanfare_model::Result;

use super::made::Made;

/// Whatever a pass can make: its sinks get every frame, and what came out of them is kept.
pub(crate) trait Product: Send {
    /// Whether the decode waits for its sinks; by default, as for everything that no listener waits for.
    fn policy(&self, of_pass: SinkPolicy) -> SinkPolicy {
        of_pass
    }

    /// The sinks that it needs for that source, whose position is where the pass begins.
    ///
    /// # Errors
    /// What makes the whole pass useless; a product without which the others are of use returns no sinks.
    fn sinks(&mut self, source: &dyn PcmSource, of_pass: SinkPolicy) -> Result<NamedSinks>;

    /// Adds what came out to what the pass made, once the source ended. `reports` are those of its sinks, in their order.
    ///
    /// # Errors
    /// What makes the whole pass useless.
    fn keep(self: Box<Self>, reports: &[SinkReport], made: &mut Made) -> Result<()>;
}
