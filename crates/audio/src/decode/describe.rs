//! What the headers of a file say, without decoding it.

use std::sync::Arc;

use fanfare_model::Result;
use symphonia::core::meta::{StandardTag, StandardVisualKey};

use super::{
    free_format,
    guard::{Trouble, guarded},
    readers::Origin,
    source::facts,
    stream,
};
use crate::{Limits, StreamFacts, probe::AudioBytes};

/// What the headers of a file say, without decoding it.
pub(crate) struct Described {
    /// Codec, container, depth.
    pub facts: StreamFacts,
    /// Frames per second.
    pub rate_hz: u32,
    /// Samples per frame.
    pub channels: usize,
    /// Frames as declared, or estimated where nothing is declared.
    pub frames: Option<u64>,
    /// Frames of the whole track where the file says so, those that a cut file lacks included.
    pub whole_frames: Option<u64>,
}

/// Reads the headers of a file.
///
/// # Errors
/// As [`open`], save for what only decoding can tell.
pub(crate) fn describe(file: Arc<std::fs::File>, audio: AudioBytes, limits: &Limits) -> Result<Described> {
    if let Some(header) = free_format::header(&file, audio)? {
        let (rate_hz, channels) = (header.rate_hz, usize::from(header.channels));
        limits.spec(rate_hz, channels)?;
        let frames = (audio.end - audio.start) / header.bytes as u64 * u64::from(header.frames);
        let facts = free_format::facts(None);
        return Ok(Described { facts, rate_hz, channels, frames: Some(frames), whole_frames: None });
    }
    let mut origin = Origin::new(file, audio);
    let prepared = stream::prepare(&mut origin, limits, true)?;
    let reader = origin.reader().map_err(Trouble::into_error)?;
    let plan = prepared.plan(&origin, &*reader)?;
    let rate_hz = plan.params.sample_rate.unwrap_or(0);
    let channels = plan.params.channels.as_ref().map_or(0, |channels| channels.count());
    limits.spec(rate_hz, channels)?;
    let facts = facts(&origin, &plan);
    let about = plan.about_s.map(|seconds| (seconds * f64::from(rate_hz)) as u64);
    let whole_frames = plan.exact_frames.or(plan.declared_frames).or(about);
    let whole_frames = whole_frames.map(|frames| frames.saturating_add(plan.lost_frames));
    let frames = plan.declared_frames.or(plan.estimated_frames);
    Ok(Described { facts, rate_hz, channels, frames, whole_frames })
}

/// The tags that the demuxer read, and the cover: the front one, else the first picture.
///
/// # Errors
/// As [`describe`].
pub(crate) fn metadata(
    file: Arc<std::fs::File>,
    audio: AudioBytes,
    limits: &Limits,
) -> Result<(Vec<StandardTag>, Option<Vec<u8>>)> {
    let mut origin = Origin::new(file, audio);
    stream::prepare(&mut origin, limits, true)?;
    let mut reader = origin.reader().map_err(Trouble::into_error)?;
    let (mut tags, mut cover, mut front) = (Vec::new(), None, false);
    guarded(|| {
        let mut log = reader.metadata();
        loop {
            if let Some(revision) = log.current() {
                let tracks = revision.per_track.iter().flat_map(|track| &track.metadata.tags);
                tags.extend(revision.media.tags.iter().chain(tracks).filter_map(|tag| tag.std.clone()));
                for visual in &revision.media.visuals {
                    let is_front = visual.usage == Some(StandardVisualKey::FrontCover);
                    if cover.is_none() || (is_front && !front) {
                        cover = Some(visual.data.to_vec());
                        front |= is_front;
                    }
                }
            }
            if log.pop().is_none() {
                break;
            }
        }
        Ok(())
    })
    .map_err(Trouble::into_error)?;
    Ok((tags, cover))
}
