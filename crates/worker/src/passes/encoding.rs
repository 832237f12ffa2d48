//! Several whole transcodes of one track, from one decode.

use std::sync::Arc;

use fanfare_audio::{CancelFlag, FanOutOptions, OpenOptions, SinkPolicy, transcode::encoder};
use fanfare_model::{ContentHash, ErrorKind, Profile, Result};
use fanfare_store::Making;

use crate::{
    parts::TrackBudget,
    pass::Pass,
    products::{
        list::Order,
        transcode_source::Subject,
        transcodes::TranscodesProduct,
        whole::{WholeFile, by_rate},
    },
    runtime::work::Progress,
};

/// Whole files under temporary names.
pub(crate) struct Whole {
    pub(crate) hash: ContentHash,
    pub(crate) making: Arc<Making>,
    pub(crate) files: Vec<WholeFile>,
    /// What the decoder had to say: silence stands in place of what is lost.
    pub(crate) damage: Vec<String>,
}

/// What is to be made of a track.
pub(crate) struct Encoding {
    pub(crate) subject: Subject,
    pub(crate) wanted: Vec<Profile>,
    pub(crate) open: OpenOptions,
    /// Bounds of the fan-out, but for the budget.
    pub(crate) fan_out: FanOutOptions,
    pub(crate) making: Arc<Making>,
}

impl Encoding {
    /// Makes all of it, of bytes that did not change meanwhile.
    ///
    /// # Errors
    /// Those of opening, decoding and writing; `Conflict` when the file changed meanwhile.
    pub(crate) fn whole(self, cancel: &CancelFlag, progress: &mut Progress) -> Result<Whole> {
        let before = self.subject.check()?;
        let mut count = false;
        // A file that is not as long as it says is counted, and begun again.
        let (files, damage) = loop {
            match self.decode(count, cancel, progress) {
                Err(error) if error.kind() == ErrorKind::Malformed && !count => count = true,
                made => break made?,
            }
        };
        let hash = self.subject.hash(&before, cancel, &mut || progress(0, None))?;
        self.subject.check_since(&before)?;
        Ok(Whole { hash, making: self.making, files, damage })
    }

    /// Decodes the track once, into all of those files that are smaller than it; returns them, and what the decoder had to
    /// say. `count`: whether the frames are counted even if the file says how many there are.
    fn decode(
        &self,
        count: bool,
        cancel: &CancelFlag,
        progress: &mut Progress,
    ) -> Result<(Vec<WholeFile>, Vec<String>)> {
        let Self { subject, wanted, open, fan_out, making } = self;
        let (constant, plain) = by_rate(wanted);
        if let Some(profile) = plain.first() {
            encoder(profile.codec, &open.ffmpeg)?;
        }
        let (source, plans) = subject.plans(&constant, open, count)?;
        if plans.is_empty() && plain.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let total = source.facts().declared_frames;
        let length_s = total.map(|frames| source.spec().rate.seconds(frames));
        let (subject, open, making) = (subject.clone(), open.clone(), Arc::clone(making));
        let transcodes = TranscodesProduct::all(subject, (plans, plain), open, making);
        let order = Order { transcodes: Some(transcodes), ..Order::default() };
        let pass = Pass {
            source,
            products: order.products(),
            policy: SinkPolicy::Must,
            budget: TrackBudget::default().of(length_s),
            fan_out: fan_out.clone(),
        };
        let made = pass.run(cancel, &mut |frames| progress(frames, total))?;
        Ok((made.transcodes, made.warnings))
    }
}
