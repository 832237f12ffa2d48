//! Decoding in this process: Symphonia's demuxers and decoders, libopus, and nanomp3.
//!
//! Purpose: a [`PcmSource`](crate::PcmSource) whose frames are exactly those that the encoder was given:
//! priming and padding are trimmed here, for all codecs in one way, and seeking lands on a frame.
//!
//! Vocabulary: *raw* frames are all that the decoder gives; see [`trim`].
//!
//! Invariants: metadata, pictures and chapters are stepped over; a call into Symphonia that panics ends
//! only this source; damage is replaced by silence of its length, counted and bounded.

mod aiff;
mod bytes;
mod chain;
mod checked;
mod cutter;
mod damage;
mod describe;
mod flac;
mod flac_end;
mod flac_frames;
mod free_format;
mod guard;
mod matroska;
mod mp4;
mod mpeg_places;
mod ogg;
mod ogg_links;
mod packets;
mod pending;
mod plan;
mod pull;
mod readers;
mod source;
mod stream;
mod tails;
mod trim;
mod wav;
mod withheld;

pub(crate) use aiff::extended as aiff_rate_hz;
pub(crate) use describe::{describe, metadata};
pub(crate) use flac_frames::{FlacFrames, FlacInfo};
pub(crate) use mp4::says_little_endian;

use std::{fs::File, sync::Arc};

use fanfare_model::{Error, ErrorKind, Result};

use crate::{Container, Limits, PcmSource, probe::AudioBytes};
use source::{Decode, How, Place};

/// Opens the audio bytes of a file. `alone`: no other decoder can decode it.
///
/// # Errors
/// [`ErrorKind::Unsupported`] when another decoder should be tried; `Malformed`, `Empty`, `LimitExceeded`, I/O.
pub(crate) fn open(
    file: &Arc<File>,
    audio: AudioBytes,
    limits: &Limits,
    chunk_frames: usize,
    alone: bool,
) -> Result<Box<dyn PcmSource>> {
    if let Some(source) = free_format::open(file, audio, limits, chunk_frames)? {
        return Ok(source);
    }
    let how = How { limits: limits.clone(), chunk_frames, alone };
    if let Some(stream) = Decode::open(file, audio, &how, None)? {
        return Ok(Box::new(stream));
    }
    if let Some(chain) = chain::open(file, audio, &how)? {
        return Ok(chain);
    }
    let stream = Decode::open(file, audio, &how, Some(Place::default()))?;
    Ok(Box::new(
        stream
            .ok_or_else(|| Error::new(ErrorKind::Internal, "the streams of the file were not told apart"))?,
    ))
}

/// The sample description of the first sound track of an MP4 file (14496-12, 8.5.2), from its version on, and its media
/// duration in seconds.
pub(crate) fn mp4_description(file: &File, audio: AudioBytes) -> Result<(Vec<u8>, f64)> {
    let facts = mp4::facts(file, audio)?;
    let seconds = facts.media_duration as f64 / f64::from(facts.timescale.max(1));
    Ok((facts.description, seconds))
}

/// About how long a track is, in seconds, where its container does not count frames: as a Matroska file says, or by the last
/// page of an Ogg file, whose granule positions are of that rate.
///
/// # Errors
/// I/O.
pub(crate) fn about_s(file: &File, audio: AudioBytes, rate_hz: u32) -> Result<Option<f64>> {
    match audio.container {
        Container::Matroska => matroska::declared_s(file, audio),
        Container::Ogg => {
            let last = ogg::last_page(file, audio)?;
            let granule = last.and_then(|last| last.estimated(audio.start).or(last.granule));
            Ok(granule.map(|granule| granule as f64 / f64::from(rate_hz)))
        }
        _ => Ok(None),
    }
}

/// Audible frames at that rate of the first sound track of an MP4 file, by its own boxes.
pub(crate) fn mp4_frames(file: &File, audio: AudioBytes, rate_hz: u32) -> Option<u64> {
    let (lead, end) = mp4::facts(file, audio).ok()?.lead_and_end(rate_hz);
    end?.checked_sub(lead).filter(|frames| *frames > 0)
}
