//! What a file's tags and headers say, without decoding it: [`read_tags`]; and how loud it is, written into them:
//! [`write_replaygain`].
//!
//! Purpose: fill the catalog fast. A scan reads thousands of files in seconds, so nothing here touches more
//! than headers and tags.
//!
//! Invariants: a damaged item of a tag costs a warning and that item, never the others nor the file; texts are cleaned
//! ([`text`]) and bounded; reading is bounded in bytes whatever a length field says.
//!
//! Tags are read here and not by a library where the usual ones are stricter than the music that people have: [`places`]
//! says which kinds, and where they lie.

mod apev2;
mod asf;
mod au;
mod chunks;
mod embedded;
mod fields;
mod flac;
mod genres;
mod header_fields;
pub(crate) mod headers;
mod id3v1;
mod id3v2;
mod id3v2_frames;
mod matroska;
mod mp4;
mod musepack;
mod ogg_comments;
mod places;
mod reading;
mod sample_entry;
pub(crate) mod text;
mod vorbis_comments;
mod write;

pub(crate) use au::au_behind_s;
pub(crate) use musepack::{MUSEPACK_DELAY, musepack8_lead};

use std::{fs::File, path::Path, sync::Arc};

use fanfare_model::{AudioProperties, ErrorKind, Result};
pub use reading::TagReading;
pub use write::{AlbumGain, AnalyzedFile, ReplayGainTags, Rewritten, write_replaygain};

use crate::{
    Container, Limits, decode,
    probe::{AudioBytes, find_audio, open_regular},
};

/// Channels of a file whose headers do not say how many.
const USUAL_CHANNELS: usize = 2;

/// Reads tags, cover and properties of a file.
///
/// # Errors
/// [`ErrorKind::NotAudio`] and [`ErrorKind::Empty`] by content, and the errors of opening and reading. Never
/// because tags are damaged.
pub fn read_tags(path: &Path, limits: &Limits) -> Result<TagReading> {
    let file = Arc::new(open_regular(path)?);
    let audio = find_audio(&file, limits)?;
    let mut reading = TagReading::default();
    match properties(&file, audio, limits) {
        Ok(properties) => reading.audio = Some(properties),
        Err(error) if error.kind() == ErrorKind::Io => return Err(error),
        Err(error) => reading.warnings.push(format!("properties were not read: {error}")),
    }
    match audio.container {
        Container::Matroska => matroska::read(&file, audio, limits, &mut reading)?,
        Container::Caf => embedded::read(&file, audio, limits, &mut reading),
        Container::Asf => asf::read(&file, audio, limits, &mut reading),
        _ => places::read(&file, audio, limits, &mut reading),
    }
    let channels = reading.audio.as_ref().map_or(USUAL_CHANNELS, |audio| usize::from(audio.channels));
    if reading.tags.drop_impossible_gains(channels) {
        reading.warnings.push("gains or peaks that no audio can have were ignored".to_owned());
    }
    Ok(reading)
}

/// What codec and container say, without decoding.
///
/// # Errors
/// `Malformed` when the headers do not say it, limits, I/O.
pub(crate) fn properties(file: &Arc<File>, audio: AudioBytes, limits: &Limits) -> Result<AudioProperties> {
    let mut properties = match decode::describe(file.clone(), audio, limits) {
        // A codec without a name here may still have one by its code.
        Ok(described) if described.facts.codec != "other" => AudioProperties {
            codec: described.facts.codec,
            container: described.facts.container,
            sample_rate_hz: described.rate_hz,
            channels: u8::try_from(described.channels).unwrap_or(u8::MAX),
            bit_depth: described.facts.bit_depth,
            frames: described.frames,
            bitrate_bps: None,
        },
        Ok(_) => headers::read(file, audio, limits)?,
        Err(error) if error.kind() == ErrorKind::Unsupported => headers::read(file, audio, limits)?,
        // ffmpeg may play what our reader finds damaged: the header still says what it is.
        Err(error) if error.kind() == ErrorKind::Malformed => {
            headers::read(file, audio, limits).map_err(|_| error)?
        }
        Err(error) => return Err(error),
    };
    let most = u64::from(limits.max_duration_s) * u64::from(properties.sample_rate_hz);
    properties.frames = properties.frames.filter(|frames| *frames > 0 && *frames <= most);
    if let Some(seconds) = properties.duration_s() {
        let bits_per_s = (audio.end - audio.start) as f64 * 8.0 / seconds;
        properties.bitrate_bps = Some(bits_per_s.clamp(0.0, f64::from(u32::MAX)) as u32);
    }
    Ok(properties)
}
