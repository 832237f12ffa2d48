//! [`NamedSinks`]: what gets the frames of a pass.

use fanfare_audio::PcmSink;

/// Sinks with names that tell one from another. A thread has such a name, by which a sink that ends the worker is known.
pub(crate) type NamedSinks = Vec<(String, Box<dyn PcmSink>)>;
