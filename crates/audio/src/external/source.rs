//! [`External`]: the [`PcmSource`] over a boxed child.

mod again;

use std::{fs::File, path::PathBuf, sync::Arc};

use fanfare_model::{AudioProperties, Error, ErrorKind, FrameIndex, Result, SampleSpec};

use super::{
    arguments::ChildArguments, bytes::ChildBytes, fault::interrupted, output::Output, resume::Resume,
};
use crate::{
    Limits, PcmChunk, PcmSource, StreamFacts,
    probe::AudioBytes,
    samples::{LOUDEST, TOO_LOUD, cleaned},
};

/// What `ffmpeg` says of damaged frames. It complains of other things, too: of bytes behind the audio, for example.
const DAMAGE: &[&str] = &["CRC", "rror while decoding", "rror submitting packet"];
/// Warnings kept of one file; what comes later is damage of the same kinds.
const MAX_WARNINGS: usize = 32;

/// A file decoded by a child.
pub(super) struct External {
    program: PathBuf,
    arguments: ChildArguments,
    bytes: ChildBytes,
    resume: Resume,
    /// What the present child reads, if it went on behind damage.
    resumed: Option<(ChildArguments, ChildBytes)>,
    /// Where the child ended that the present one was started again for.
    ended_at: Option<u64>,
    limits: Limits,
    chunk_frames: usize,
    output: Output,
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
        let arguments = ChildArguments::of(audio.container, dsd.map(|found| found.sample_rate_hz));
        let bytes = ChildBytes::whole(file, audio);
        let output = Output::start(&program, &arguments, &bytes, limits)?;
        let spec = output.spec;
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
            arguments,
            bytes,
            resume: Resume::default(),
            resumed: None,
            ended_at: None,
            limits: limits.clone(),
            chunk_frames,
            output,
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
        self.output.drop_frames(frames).map(|_| ())
    }

    /// The track has about that many frames.
    pub(super) fn expect_about(&mut self, frames: u64) {
        self.about = Some(frames).filter(|frames| *frames <= self.limits.max_frames(self.output.spec.rate));
    }

    /// Adds a warning, if it is not there yet.
    pub(super) fn warn(&mut self, line: String) {
        if self.warnings.len() < MAX_WARNINGS && !self.warnings.contains(&line) {
            self.warnings.push(line);
        }
    }

    /// Whole frames of the track that wait.
    fn available(&self) -> usize {
        let left = self.end.map_or(u64::MAX, |end| end.saturating_sub(self.position));
        self.output.waiting().min(usize::try_from(left).unwrap_or(usize::MAX))
    }

    /// Reads until that many frames are there, or the end.
    fn fill(&mut self, frames: usize) -> Result<()> {
        while !self.ended && self.available() < frames {
            if self.end.is_some_and(|end| self.position + self.available() as u64 >= end) {
                self.ended = true;
                return Ok(());
            }
            if !self.output.read_more()? {
                self.check_end()?;
            }
        }
        Ok(())
    }

    /// A new child over those bytes that gives the track from that frame on; `None` where it gives nothing from there on.
    fn start(&self, arguments: &ChildArguments, bytes: &ChildBytes, frame: u64) -> Result<Option<Output>> {
        let mut output = Output::start(&self.program, arguments, bytes, &self.limits)?;
        let has_more = output.spec == self.output.spec
            && output.drop_frames(self.lead + frame)?
            && (output.waiting() > 0 || output.read_more()?);
        if has_more {
            return Ok(Some(output));
        }
        output.child.ended_well();
        // One that was ended gives nothing either, and that says nothing about the file.
        output.child.fault().map_or(Ok(None), |how| Err(interrupted(&how)))
    }

    /// Goes on behind damage at which the child stopped, if anything follows; returns whether it does.
    fn go_on(&mut self) -> Result<bool> {
        let waiting = self.available();
        let position = self.position + waiting as u64;
        while let Some((arguments, bytes)) = self.resume.next(&self.arguments, &self.bytes)? {
            match self.start(&arguments, &bytes, position) {
                Ok(Some(mut output)) => {
                    output.put_before(&self.output, waiting);
                    self.output = output;
                    (self.resumed, self.ended_at) = (Some((arguments, bytes)), None);
                    let at_s = self.output.spec.rate.seconds(position);
                    self.warn(format!("damage at {at_s:.2} s became silence: blocks are missing or damaged"));
                    return Ok(true);
                }
                Ok(None) => {}
                // Damage goes on there.
                Err(error) if matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Empty) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// The child's output has ended: another child goes on, or this is the end.
    fn check_end(&mut self) -> Result<()> {
        let end = self.position + self.available() as u64;
        let rate = self.output.spec.rate;
        let second = u64::from(rate.hz());
        let is_short = |whole: Option<u64>, slack: u64| whole.is_some_and(|whole| end + slack < whole);
        let short = is_short(self.facts.declared_frames, second / 10)
            || (self.facts.declared_frames.is_none() && is_short(self.about, second));
        let well = self.output.child.ended_well();
        let said = self.output.child.last_words();
        if !well || short || said.is_some() {
            self.output.child.check_reading()?;
        }
        let is_known = self.facts.declared_frames.or(self.about).is_some();
        if !well && (short || !is_known || self.output.child.fault().is_some()) && self.again(end)? {
            return Ok(());
        }
        let is_whole = self.facts.declared_frames.is_some_and(|declared| end >= declared);
        if !is_whole && (!well || said.is_some() || self.facts.declared_frames.is_some()) && self.go_on()? {
            return Ok(());
        }
        self.ended = true;
        match (well, short, said) {
            (true, false, said) => {
                let damaged = DAMAGE.iter().any(|words| self.output.child.said(words));
                if let Some(said) = said.filter(|_| damaged) {
                    self.warn(format!("the decoder found damage: {said}"));
                }
            }
            (_, _, said) => {
                let whole = self.whole_frames().filter(|whole| end < *whole);
                let of = whole.map_or_else(String::new, |whole| format!(" of {:.2} s", rate.seconds(whole)));
                let said = said.map_or_else(String::new, |said| format!(": {said}"));
                self.warn(format!("the audio ends early at {:.2} s{of}{said}", rate.seconds(end)));
            }
        }
        Ok(())
    }

    fn take(&mut self, frames: usize) -> Result<PcmChunk> {
        let channels = self.output.spec.channels();
        let mut planes = vec![Vec::with_capacity(frames); channels];
        for frame in self.output.front(frames).chunks_exact(channels * size_of::<f32>()) {
            for (plane, sample) in planes.iter_mut().zip(frame.chunks_exact(4)) {
                plane.push(f32::from_be_bytes([sample[0], sample[1], sample[2], sample[3]]));
            }
        }
        let odd = planes.iter_mut().fold(false, |odd, plane| cleaned(plane) | odd);
        if odd && !self.warned_non_finite {
            self.warned_non_finite = true;
            self.warn(
                "samples that are no numbers, or billions of times too large, became silence".to_owned(),
            );
        }
        if self.integer_codec && planes.iter_mut().fold(false, |loud, plane| quietened(plane) | loud) {
            self.warn(format!("damage became silence: {TOO_LOUD}"));
        }
        let chunk = PcmChunk::of_finite(self.output.spec, FrameIndex(self.position), planes)?;
        self.skip(frames);
        Ok(chunk)
    }

    fn skip(&mut self, frames: usize) {
        self.output.skip(frames);
        self.position += frames as u64;
    }
}

fn changed() -> Error {
    Error::new(ErrorKind::Io, "the file changed while it was read")
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
        self.output.spec
    }

    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn next_chunk(&mut self) -> Result<Option<PcmChunk>> {
        if let Err(error) = self.fill(self.chunk_frames) {
            self.ended = true;
            self.output.clear();
            return Err(error);
        }
        match self.available().min(self.chunk_frames) {
            0 => Ok(None),
            _ if self.position >= self.limits.max_frames(self.output.spec.rate) => {
                self.ended = true;
                self.output.clear();
                let seconds = self.position / u64::from(self.output.spec.rate.hz());
                Err(Error::limit("duration_s", seconds, self.limits.max_duration_s.into()))
            }
            frames => self.take(frames).map(Some),
        }
    }

    fn seek(&mut self, frame: FrameIndex) -> Result<FrameIndex> {
        if frame.0 < self.position {
            // A pipe does not run backwards: another child begins at the start.
            self.output = self.start(&self.arguments, &self.bytes, 0)?.ok_or_else(changed)?;
            (self.resume, self.position, self.ended) = (Resume::default(), 0, false);
            (self.resumed, self.ended_at) = (None, None);
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
