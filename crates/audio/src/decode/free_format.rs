//! [`FreeFormat`]: MP3 whose frames do not name a bit rate (ISO 11172-3, 2.4.2.3, "free format").
//!
//! Why: neither Symphonia nor `ffmpeg` knows how long such frames are. `nanomp3`, a port of minimp3 in safe Rust, looks for
//! the next header. It trims what the encoder's own frame says, and seeks to a sample.

use std::{fs::File, sync::Arc};

use fanfare_model::{Error, ErrorKind, FrameIndex, Result, SampleSpec};
use nanomp3::{Options, Reader};
use symphonia::core::errors::Error as Foreign;

use super::{
    bytes::{FileBytes, Patch},
    guard::{Trouble, guarded},
    readers::Origin,
    stream::CHANGED,
};
use crate::{
    Container, Limits, PcmChunk, PcmSource, StreamFacts,
    probe::{
        AudioBytes,
        mpeg::{self, MpegHeader},
        read_at,
    },
    samples::{LOUDEST, TOO_LOUD, cleaned},
};

/// Bytes that hold three of the longest frames.
const HEAD_BYTES: usize = 18 << 10;
/// Frames that an encoder adds before and after a track, and that a cut may take from its end.
const EDGE_FRAMES: u64 = 4 * 1_152;

/// Frames that a file may lack of its count, as for other MP3.
const COUNT_SLACK: u64 = 2 * 1_152;
/// Bytes that are looked at in one read.
const BLOCK_BYTES: usize = 1 << 20;

/// Where the frames of a file lie.
struct Extent {
    /// One past the last frame.
    end: u64,
    frames: u64,
    /// Bytes between frames that belong to none.
    lost_bytes: u64,
    /// Whether the last frame is not whole.
    is_cut: bool,
}

/// Finds the frames: what follows the last one (tags, zeros) is no part of them.
fn extent(file: &File, audio: AudioBytes, first: MpegHeader) -> Result<Extent> {
    let mut found = Extent { end: audio.start, frames: 0, lost_bytes: 0, is_cut: false };
    let (mut at, mut from, mut block) = (audio.start, audio.start, Vec::new());
    let longest = first.bytes as u64 + 1;
    while at + 4 <= audio.end {
        if from + (block.len() as u64) < (at + 2 * longest + 4).min(audio.end) {
            (from, block) =
                (at, read_at(file, at, BLOCK_BYTES.min(usize::try_from(audio.end - at).unwrap_or(0)))?);
        }
        let padding = |place: u64| {
            let bytes = block.get(usize::try_from(place - from).unwrap_or(usize::MAX)..).unwrap_or_default();
            mpeg::continues_free_format(bytes, first).map(|padding| padding as u64)
        };
        let Some(next) = padding(at).map(|padding| at + first.bytes as u64 + padding) else {
            at += 1;
            continue;
        };
        // Behind other bytes one header alone may be chance.
        if at != found.end && next != audio.end && padding(next).is_none() {
            at += 1;
            continue;
        }
        found.lost_bytes += at - found.end;
        found.is_cut = next > audio.end;
        found.frames += u64::from(!found.is_cut);
        (at, found.end) = (next, next.min(audio.end));
    }
    Ok(found)
}

/// The first frame's header without its CRC, where the encoder's own frame was written as if it had none: the reader would not
/// find its tag, and with it what is to be trimmed.
fn tag_without_crc(file: &File, audio: AudioBytes, first: MpegHeader) -> Result<Option<Patch>> {
    let head = read_at(file, audio.start, 64)?;
    let has_crc = head.get(1).is_some_and(|byte| byte & 1 == 0);
    let tag = head.get(4 + first.side_bytes.saturating_sub(2)..).unwrap_or_default();
    let is_tag = tag.starts_with(b"Xing") || tag.starts_with(b"Info");
    Ok((has_crc && is_tag).then(|| Patch { at: audio.start + 1, bytes: vec![head[1] | 1] }))
}

/// Opens such a file; `None` for any other.
///
/// # Errors
/// `Malformed`, limits, I/O.
pub(super) fn open(
    file: &Arc<File>,
    audio: AudioBytes,
    limits: &Limits,
    chunk_frames: usize,
) -> Result<Option<Box<dyn PcmSource>>> {
    let Some(header) = header(file, audio)? else { return Ok(None) };
    let spec = limits.spec(header.rate_hz, usize::from(header.channels))?;
    let origin = Origin::new(file.clone(), audio);
    let extent = extent(file, audio, header)?;
    let patch = tag_without_crc(file, audio, header)?;
    let bytes =
        FileBytes::new(file.clone(), Vec::new(), patch.into_iter().collect(), audio.start, extent.end)
            .noting(origin.unread.clone());
    // The whole file is looked through once for its length.
    bytes.budget().open_up();
    let reader = guarded(|| Reader::with_options(bytes, Options::default()).map_err(foreign));
    origin.check_reading().map_err(Trouble::into_error)?;
    let reader = reader.map_err(Trouble::into_error)?;
    let found = reader.channels().map_or(0, |channels| channels as usize);
    if (reader.sample_rate(), found) != (header.rate_hz, usize::from(header.channels)) {
        return Err(Error::new(ErrorKind::Malformed, "no frame of the MP3 file can be decoded"));
    }
    let declared = reader.total_samples().filter(|_| reader.has_vbr_tag());
    Ok(Some(Box::new(FreeFormat {
        reader,
        origin,
        limits: limits.clone(),
        spec,
        facts: facts(declared),
        chunk_frames: chunk_frames.max(1),
        lost_frames: extent.lost_bytes / (header.bytes as u64 + 1) * u64::from(header.frames),
        is_holed: extent.lost_bytes > 0,
        is_cut: extent.is_cut,
        least_frames: (extent.frames * u64::from(header.frames)).saturating_sub(EDGE_FRAMES),
        buffer: Vec::new(),
        position: 0,
        given: 0,
        sought: false,
        ended: false,
        warnings: Vec::new(),
    })))
}

/// The first frame of such a file, without its padding byte; `None` for any other file.
///
/// # Errors
/// I/O.
pub(super) fn header(file: &File, audio: AudioBytes) -> Result<Option<MpegHeader>> {
    if audio.container != Container::Mp3 {
        return Ok(None);
    }
    Ok(mpeg::free_format(&read_at(file, audio.start, HEAD_BYTES)?))
}

/// What is known of such a stream.
pub(super) fn facts(declared_frames: Option<u64>) -> StreamFacts {
    StreamFacts {
        codec: "mp3".to_owned(),
        container: Container::Mp3.as_str().to_owned(),
        bit_depth: None,
        declared_frames,
    }
}

fn foreign(error: nanomp3::Error) -> Foreign {
    match error {
        nanomp3::Error::Io(error) => Foreign::IoError(error),
        _ => Foreign::Unsupported(CHANGED),
    }
}

/// A file being decoded.
struct FreeFormat {
    reader: Reader<FileBytes, f32>,
    origin: Origin,
    limits: Limits,
    spec: SampleSpec,
    facts: StreamFacts,
    chunk_frames: usize,
    /// Frames that the headers in the file count at least, and those that the bytes between them had.
    least_frames: u64,
    lost_frames: u64,
    /// Whether there are such bytes, and whether the last frame is not whole.
    is_holed: bool,
    is_cut: bool,
    /// Samples of a chunk, channel by channel of a frame.
    buffer: Vec<f32>,
    /// Track index of the next frame.
    position: u64,
    /// Frames given so far.
    given: u64,
    /// Whether there was a seek, so that the frames given say nothing about the length.
    sought: bool,
    ended: bool,
    warnings: Vec<String>,
}

impl FreeFormat {
    fn warn(&mut self, line: &str) {
        if !self.warnings.iter().any(|said| said == line) {
            self.warnings.push(line.to_owned());
        }
    }

    /// Fills the buffer; the frames in it, fewer than a chunk only at the end.
    fn fill(&mut self) -> Result<usize> {
        let channels = self.spec.channels();
        self.buffer.resize(self.chunk_frames * channels, 0.0);
        let (reader, buffer) = (&mut self.reader, &mut self.buffer);
        let mut filled = 0;
        let read = guarded(|| {
            while filled < buffer.len() {
                match reader.read(&mut buffer[filled..]).map_err(foreign)? {
                    0 => break,
                    samples => filled += samples,
                }
            }
            Ok(())
        });
        self.origin.check_reading().map_err(Trouble::into_error)?;
        match read {
            Ok(()) => {}
            Err(Trouble::Unsupported(_)) => self.warn(CHANGED),
            Err(trouble @ Trouble::Io(_)) => return Err(trouble.into_error()),
            Err(_) => self.warn("the audio ends early: the file is damaged"),
        }
        Ok(filled / channels)
    }

    fn cut(&mut self, frames: usize) -> Result<PcmChunk> {
        let channels = self.spec.channels();
        let mut planes: Vec<Vec<f32>> = (0..channels)
            .map(|channel| self.buffer.iter().skip(channel).step_by(channels).take(frames).copied().collect())
            .collect();
        let mut loud = false;
        for plane in &mut planes {
            cleaned(plane);
            for sample in plane.iter_mut().filter(|sample| sample.abs() > LOUDEST) {
                *sample = 0.0;
                loud = true;
            }
        }
        if loud {
            self.warn(&format!("damage became silence: {TOO_LOUD}"));
        }
        let chunk = PcmChunk::of_finite(self.spec, FrameIndex(self.position), planes)?;
        self.position += frames as u64;
        self.given += frames as u64;
        Ok(chunk)
    }

    /// The reader silently leaves out bytes between frames of which nothing can be decoded.
    fn count_loss(&mut self) -> Result<()> {
        if self.sought {
            return Ok(());
        }
        if self.given == 0 {
            return Err(Error::new(ErrorKind::Malformed, "no frame of the MP3 file can be decoded"));
        }
        let undecoded = self.least_frames.saturating_sub(self.given);
        if self.is_holed || undecoded > 0 {
            let lost = self.spec.rate.seconds(undecoded + self.lost_frames);
            self.warn(&format!("at least {lost:.1} s could not be decoded, and were left out"));
        }
        if let Some(declared) =
            self.facts.declared_frames.filter(|declared| self.given + COUNT_SLACK < *declared)
        {
            let seconds = |frames| self.spec.rate.seconds(frames);
            let (found_s, declared_s) = (seconds(self.given), seconds(declared));
            self.warn(&format!("the audio ends after {found_s:.2} s; the file declares {declared_s:.2} s"));
        } else if self.is_cut {
            self.warn("the file ends in the middle of its audio");
        }
        Ok(())
    }
}

impl PcmSource for FreeFormat {
    fn spec(&self) -> SampleSpec {
        self.spec
    }

    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn next_chunk(&mut self) -> Result<Option<PcmChunk>> {
        if self.ended {
            return Ok(None);
        }
        // After an error it stays at its end.
        self.ended = true;
        if self.position >= self.limits.max_frames(self.spec.rate) {
            let seconds = self.position / u64::from(self.spec.rate.hz());
            return Err(Error::limit("duration_s", seconds, self.limits.max_duration_s.into()));
        }
        let frames = self.fill()?;
        self.ended = frames < self.chunk_frames;
        let chunk = if frames > 0 { Some(self.cut(frames)?) } else { None };
        if self.ended {
            self.count_loss()?;
        }
        Ok(chunk)
    }

    fn seek(&mut self, frame: FrameIndex) -> Result<FrameIndex> {
        let wanted = self.reader.total_samples().map_or(frame.0, |total| frame.0.min(total));
        let sought = guarded(|| self.reader.seek(wanted).map_err(foreign));
        self.origin.check_reading().map_err(Trouble::into_error)?;
        sought.map_err(Trouble::into_error)?;
        (self.position, self.ended, self.sought) = (wanted, false, true);
        Ok(FrameIndex(wanted))
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
