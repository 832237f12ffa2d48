//! The pass for a track's HLS ladder, with the analyzers and the transcodes that are made of the same decode.
//!
//! Synchronous; depends on no job and on no part of the store but the folder in which the ladder grows. Nothing is visible to
//! others until the caller has stored it, except to listeners of the growing ladder.

use std::{path::PathBuf, sync::Arc};

use fanfare_analysis::AnalyzerEntry;
use fanfare_audio::{CancelFlag, FanOutOptions, OpenOptions, SinkPolicy, hls::Ladder};
use fanfare_model::{AudioProperties, Result};
use fanfare_store::{self as store, GrowingLadder};

use super::analyze_file::tag_damage;
use crate::{
    parts::TrackBudget,
    pass::Pass,
    products::{
        features::FeaturesProduct, hls::HlsProduct, list::Order, made::Made, transcodes::TranscodesProduct,
    },
};

/// What is to be made.
pub(crate) struct Making {
    /// The file.
    pub(crate) path: PathBuf,
    /// How many bytes it has.
    pub(crate) size_bytes: u64,
    /// The ladder.
    pub(crate) ladder: Ladder,
    /// Where it grows.
    pub(crate) growing: GrowingLadder,
    /// The analyzers that get the same frames.
    pub(crate) analyzers: Vec<AnalyzerEntry>,
    /// Transcodes to be made from the same decode, and where.
    pub(crate) transcodes: Option<(TranscodesProduct, Arc<store::Making>)>,
    /// Whether the encoders wait for the analyzers.
    pub(crate) policy: SinkPolicy,
    /// Bounds of the fan-out, but for the budget.
    pub(crate) fan_out: FanOutOptions,
}

/// What was made.
pub(crate) struct MadeLadder {
    pub(crate) made: Made,
    /// Properties, with frames as counted.
    pub(crate) audio: AudioProperties,
    /// Keeps the variants until they are stored.
    pub(crate) growing: Arc<GrowingLadder>,
    /// Keeps the transcodes until they are stored.
    pub(crate) transcodes: Option<Arc<store::Making>>,
}

/// Decodes the file once, into all of it.
///
/// # Errors
/// Those of opening and decoding; `Empty` for no frames; `Unsupported` when no variant can be made here; the first
/// error of a variant.
pub(crate) fn make(
    making: Making,
    open: &OpenOptions,
    cancel: &CancelFlag,
    on_progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<MadeLadder> {
    let Making { path, size_bytes, ladder, growing, analyzers, transcodes, policy, fan_out } = making;
    let growing = Arc::new(growing);
    let (transcodes, place) = transcodes.unzip();
    let source = fanfare_audio::open(&path, open)?;
    let declared = source.facts().declared_frames;
    let length_s = declared.map(|frames| source.spec().rate.seconds(frames));
    let order = Order {
        features: Some(FeaturesProduct::new(analyzers)),
        hls: Some(HlsProduct::new(ladder, path.clone(), Arc::clone(&growing), open.clone())),
        transcodes,
        ..Order::default()
    };
    let budget = TrackBudget::default().of(length_s);
    let pass = Pass { source, products: order.products(), policy, budget, fan_out };
    let mut made = pass.run(cancel, &mut |frames| on_progress(frames, declared))?;
    made.warnings.extend(tag_damage(&path, &open.limits));
    let audio = made.audio(Some(made.frames), size_bytes);
    Ok(MadeLadder { made, audio, growing, transcodes: place })
}
