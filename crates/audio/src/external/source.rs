//! [`External`]: the [`PcmSource`] over a boxed child.

use std::{fs::File, path::PathBuf, sync::Arc};

use fanfare_model::{AudioProperties, Error, ErrorKind, FrameIndex, Result, SampleSpec};

use super::{arguments::Recipe, child::Boxed};
use crate::{
    Limits, PcmChunk, PcmSource, StreamFacts,
    decode::{LOUDEST, TOO_LOUD, cleaned},
    probe::AudioBytes,
};

/// Bytes of an AU header with its annotation, at most (ours is 32).
const MAX_AU_HEADER: usize = 4_096;
/// AU's number for 32-bit floating point.
const AU_F32: u32 = 6;

/// What `ffmpeg` says when a file has no audio track: our `-map` finds none.
const NO_AUDIO: &str = "matches no streams";
/// What it says of a codec that [`Recipe`] does not allow.
const NOT_ALLOWED: &str = "not on whitelist";
/// What it says of damaged frames. It complains of other things, too: of bytes behind the audio, for example.
const DAMAGE: &[&str] = &["CRC", "rror while decoding", "rror submitting packet"];
/// What it says when it was built without something.
const LACKS: &[&str] = &[
    "Unknown input format",
    "Unknown decoder",
    "Decoder not found",
    "not found for input",
    "(codec none) not found",
    "no decoder found",
];

/// A file decoded by a child.
pub(super) struct External {
    program: PathBuf,
    recipe: Recipe,
    file: Arc<File>,
    audio: AudioBytes,
    limits: Limits,
    chunk_frames: usize,
    child: Boxed,
    /// Output that is not taken yet: from `taken` on.
    buffer: Vec<u8>,
    taken: usize,
    spec: SampleSpec,
    facts: StreamFacts,
    /// Frames that the child gives before the track begins.
    lead: u64,
    /// Where the track ends, if the child may give more (padding that it does not trim).
    end: Option<u64>,
    /// About how many frames the track has, where none are declared.
    about: Option<u64>,
    /// Track index of the next frame in the buffer.
    position: u64,
    ended: bool,
    integer_codec: bool,
    warned_non_finite: bool,
    warnings: Vec<String>,
}

impl External {
    pub(super) fn open(
        program: PathBuf,
        file: Arc<File>,
        audio: AudioBytes,
        properties: Option<AudioProperties>,
        limits: &Limits,
        chunk_frames: usize,
    ) -> Result<Self> {
        let dsd = properties.as_ref().filter(|found| found.codec == "dsd");
        let recipe = Recipe::of(audio.container, dsd.map(|found| found.sample_rate_hz));
        let mut child = Boxed::start(&program, &recipe, &file, audio, limits)?;
        let (spec, buffer, taken) = read_header(&mut child, limits)?;
        let facts = StreamFacts {
            codec: properties.as_ref().map_or_else(|| "other".to_owned(), |found| found.codec.clone()),
            container: audio.container.as_str().to_owned(),
            bit_depth: properties.as_ref().and_then(|found| found.bit_depth),
            declared_frames: properties
                .filter(|found| found.sample_rate_hz == spec.rate.hz())
                .and_then(|found| found.frames)
                .filter(|frames| *frames <= limits.max_frames(spec.rate)),
        };
        let integer_codec = is_integer_codec(&facts.codec);
        Ok(Self {
            program,
            recipe,
            file,
            audio,
            limits: limits.clone(),
            chunk_frames,
            child,
            buffer,
            taken,
            spec,
            facts,
            lead: 0,
            end: None,
            about: None,
            position: 0,
            ended: false,
            integer_codec,
            warned_non_finite: false,
            warnings: Vec::new(),
        })
    }

    /// The track ends after that many frames; what the child gives beyond is padding.
    pub(super) fn end_at(&mut self, frames: u64) {
        self.end = Some(frames);
        self.facts.declared_frames = Some(frames);
    }

    /// The track begins behind that many frames of what the child gives.
    ///
    /// # Errors
    /// Those of decoding.
    pub(super) fn begin_behind(&mut self, frames: u64) -> Result<()> {
        self.lead = frames;
        // The end counts from the beginning of the track.
        let end = self.end.take();
        let mut left = usize::try_from(frames).unwrap_or(usize::MAX);
        while left > 0 {
            self.fill(1)?;
            let dropped = self.available().min(left);
            if dropped == 0 {
                break;
            }
            self.taken += dropped * self.frame_bytes();
            left -= dropped;
        }
        self.end = end;
        Ok(())
    }

    /// The track has about that many frames.
    pub(super) fn expect_about(&mut self, frames: u64) {
        self.about = Some(frames).filter(|frames| *frames <= self.limits.max_frames(self.spec.rate));
    }

    /// Adds a warning.
    pub(super) fn warn(&mut self, line: String) {
        self.warnings.push(line);
    }

    fn frame_bytes(&self) -> usize {
        self.spec.channels() * size_of::<f32>()
    }

    /// Whole frames in the buffer.
    fn available(&self) -> usize {
        let left = self.end.map_or(u64::MAX, |end| end.saturating_sub(self.position));
        ((self.buffer.len() - self.taken) / self.frame_bytes())
            .min(usize::try_from(left).unwrap_or(usize::MAX))
    }

    /// Reads until that many frames are there, or the end.
    fn fill(&mut self, frames: usize) -> Result<()> {
        while !self.ended && self.available() < frames {
            if self.end.is_some_and(|end| self.position + self.available() as u64 >= end) {
                self.ended = true;
                return Ok(());
            }
            match self.child.next_block()? {
                Some(block) => {
                    self.buffer.drain(..self.taken);
                    self.taken = 0;
                    self.buffer.extend(block);
                }
                None => {
                    self.ended = true;
                    self.check_end()?;
                }
            }
        }
        Ok(())
    }

    fn check_end(&mut self) -> Result<()> {
        let end = self.position + self.available() as u64;
        let rate = self.spec.rate;
        let second = u64::from(rate.hz());
        let is_short = |whole: Option<u64>, slack: u64| whole.is_some_and(|whole| end + slack < whole);
        let short = is_short(self.facts.declared_frames, second / 10)
            || (self.facts.declared_frames.is_none() && is_short(self.about, second));
        let well = self.child.ended_well();
        let said = self.child.last_words();
        if !well || short || said.is_some() {
            self.child.check_reading()?;
        }
        match (well, short, said) {
            (true, false, said) => {
                let damaged = DAMAGE.iter().any(|words| self.child.said(words));
                if let Some(said) = said.filter(|_| damaged) {
                    self.warnings.push(format!("the decoder found damage: {said}"));
                }
            }
            (_, _, said) => {
                let whole = self.whole_frames().filter(|whole| end < *whole);
                let of = whole.map_or_else(String::new, |whole| format!(" of {:.2} s", rate.seconds(whole)));
                let said = said.map_or_else(String::new, |said| format!(": {said}"));
                self.warnings.push(format!("the audio ends early at {:.2} s{of}{said}", rate.seconds(end)));
            }
        }
        Ok(())
    }

    fn take(&mut self, frames: usize) -> Result<PcmChunk> {
        let channels = self.spec.channels();
        let bytes = &self.buffer[self.taken..self.taken + frames * self.frame_bytes()];
        let mut planes = vec![Vec::with_capacity(frames); channels];
        for frame in bytes.chunks_exact(channels * size_of::<f32>()) {
            for (plane, sample) in planes.iter_mut().zip(frame.chunks_exact(4)) {
                plane.push(f32::from_be_bytes([sample[0], sample[1], sample[2], sample[3]]));
            }
        }
        let odd = planes.iter_mut().fold(false, |odd, plane| cleaned(plane) | odd);
        if odd && !self.warned_non_finite {
            self.warned_non_finite = true;
            self.warnings.push(
                "samples that are no numbers, or billions of times too large, became silence".to_owned(),
            );
        }
        if self.integer_codec && planes.iter_mut().fold(false, |loud, plane| quietened(plane) | loud) {
            let line = format!("damage became silence: {TOO_LOUD}");
            if !self.warnings.contains(&line) {
                self.warnings.push(line);
            }
        }
        let chunk = PcmChunk::of_finite(self.spec, FrameIndex(self.position), planes)?;
        self.skip(frames);
        Ok(chunk)
    }

    fn skip(&mut self, frames: usize) {
        self.taken += frames * self.frame_bytes();
        self.position += frames as u64;
    }
}

/// Reads the header of the child's output: the spec, what came behind it, and where that begins.
fn read_header(child: &mut Boxed, limits: &Limits) -> Result<(SampleSpec, Vec<u8>, usize)> {
    let mut bytes = Vec::new();
    while let Some(block) = child.next_block()? {
        bytes.extend(block);
        let word = |index: usize| {
            bytes.get(index * 4..index * 4 + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
        };
        let (Some(offset), Some(encoding), Some(rate_hz), Some(channels)) =
            (word(1), word(3), word(4), word(5))
        else {
            continue;
        };
        let offset = offset as usize;
        if !bytes.starts_with(b".snd") || encoding != AU_F32 || offset > MAX_AU_HEADER {
            child.check_program()?;
            return Err(Error::new(ErrorKind::Internal, "ffmpeg gave something else than it was asked for"));
        }
        // The first sound must be there too: a header alone is written for files without any.
        if bytes.len() > offset {
            let spec = limits.spec(rate_hz, channels as usize)?;
            return Ok((spec, bytes, offset));
        }
    }
    let well = child.ended_well();
    if let Some(error) = child.refused() {
        return Err(error);
    }
    let said = child.last_words();
    child.check_reading()?;
    // A fault of the program is no verdict on the file.
    child.check_program()?;
    Err(match said {
        Some(_) if child.said(NO_AUDIO) => Error::new(ErrorKind::NotAudio, "the file has no audio track"),
        Some(_) if child.said(NOT_ALLOWED) => {
            Error::new(ErrorKind::Unsupported, "this program does not decode the codec in the file")
                .remedy("convert the file to a common format, for example FLAC")
        }
        Some(said) if LACKS.iter().any(|lack| child.said(lack)) => {
            Error::new(ErrorKind::NoDecoder, format!("this ffmpeg lacks the decoder: {said}"))
                .remedy("install a complete ffmpeg; the file is then tried again by itself")
        }
        Some(said) => {
            Error::new(ErrorKind::Malformed, format!("nothing in the file could be decoded: {said}"))
        }
        None if well => Error::new(ErrorKind::Empty, "there is no audio in the file"),
        None => Error::new(ErrorKind::Malformed, "nothing in the file could be decoded"),
    })
}

/// Replaces samples beyond [`LOUDEST`] by silence; whether there were any.
fn quietened(plane: &mut [f32]) -> bool {
    let mut found = false;
    for sample in plane {
        if sample.abs() > LOUDEST {
            (*sample, found) = (0.0, true);
        }
    }
    found
}

/// Whether a codec's samples are integers. WavPack has both kinds; of an unknown codec nothing is known.
fn is_integer_codec(codec: &str) -> bool {
    !codec.starts_with("pcm_f") && !matches!(codec, "wavpack" | "other")
}

impl PcmSource for External {
    fn spec(&self) -> SampleSpec {
        self.spec
    }

    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn next_chunk(&mut self) -> Result<Option<PcmChunk>> {
        if let Err(error) = self.fill(self.chunk_frames) {
            self.ended = true;
            self.buffer.clear();
            self.taken = 0;
            return Err(error);
        }
        match self.available().min(self.chunk_frames) {
            0 => Ok(None),
            _ if self.position >= self.limits.max_frames(self.spec.rate) => {
                self.ended = true;
                self.buffer.clear();
                self.taken = 0;
                let seconds = self.position / u64::from(self.spec.rate.hz());
                Err(Error::limit("duration_s", seconds, self.limits.max_duration_s.into()))
            }
            frames => self.take(frames).map(Some),
        }
    }

    fn seek(&mut self, frame: FrameIndex) -> Result<FrameIndex> {
        if frame.0 < self.position {
            // A pipe does not run backwards: another child begins at the start.
            self.child = Boxed::start(&self.program, &self.recipe, &self.file, self.audio, &self.limits)?;
            (_, self.buffer, self.taken) = read_header(&mut self.child, &self.limits)?;
            self.position = 0;
            self.ended = false;
            self.begin_behind(self.lead)?;
        }
        while self.position < frame.0 {
            self.fill(1)?;
            let ahead = usize::try_from(frame.0 - self.position).unwrap_or(usize::MAX);
            match self.available().min(ahead) {
                0 => break,
                frames => self.skip(frames),
            }
        }
        Ok(FrameIndex(self.position))
    }

    fn whole_frames(&self) -> Option<u64> {
        self.facts.declared_frames.or(self.about)
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
