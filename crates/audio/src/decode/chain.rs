//! [`Chain`]: the streams of a chained Ogg file, one after the other, as one source.
//!
//! Invariants: each stream is decoded by itself, so damage in it has the same warnings and the same length as in a file of
//! one stream. A stream that says how long it is takes that time, whatever could be decoded of it: what follows is at its own
//! time. The last stream ends where its sound ends, as that of any file.

use std::{fs::File, sync::Arc};

use fanfare_model::{Error, ErrorKind, FrameIndex, Result, SampleSpec};

use super::{
    ogg_links::{Link, links},
    readers,
    source::{Decode, How, Place},
    stream::CHANGED,
};
use crate::{PcmChunk, PcmSource, StreamFacts, probe::AudioBytes};

/// Warnings kept of one file.
const MAX_WARNINGS: usize = 32;

/// A chained file being decoded.
struct Chain {
    file: Arc<File>,
    audio: AudioBytes,
    how: How,
    links: Vec<Link>,
    /// Which stream is decoded, and the track index of its first frame.
    at: usize,
    base: u64,
    /// Frames of the streams that were decoded to their end.
    lengths: Vec<Option<u64>>,
    stream: Option<Decode>,
    /// Track index of the next frame.
    position: u64,
    /// Track index up to which there is silence, where no stream is decoded.
    silent_until: u64,
    spec: SampleSpec,
    facts: StreamFacts,
    pre_skip: u64,
    ended: bool,
    /// Warnings of the streams that are over.
    earlier: Vec<String>,
    warnings: Vec<String>,
}

/// Opens a file of several streams that follow each other; `None` for any other.
///
/// # Errors
/// Those of the first stream, if none can be decoded.
pub(super) fn open(file: &Arc<File>, audio: AudioBytes, how: &How) -> Result<Option<Box<dyn PcmSource>>> {
    let Some(links) = links(file, audio)? else { return Ok(None) };
    let mut first_error = None;
    for at in 0..links.len() {
        let opened = if links[at].has_head { open_link(file, audio, how, &links, at, 0) } else { continue };
        match opened {
            Ok(stream) => {
                let mut chain = Chain {
                    file: file.clone(),
                    audio,
                    how: how.clone(),
                    at: 0,
                    base: 0,
                    lengths: vec![None; links.len()],
                    position: 0,
                    silent_until: 0,
                    spec: stream.spec,
                    facts: StreamFacts { declared_frames: None, ..stream.facts.clone() },
                    pre_skip: readers::opus_pre_skip(&stream.plan.params).unwrap_or(0),
                    ended: false,
                    earlier: Vec::new(),
                    warnings: Vec::new(),
                    stream: Some(stream).filter(|_| at == 0),
                    links,
                };
                if at > 0 {
                    chain.begin_link()?;
                }
                chain.gather();
                return Ok(Some(Box::new(chain)));
            }
            // Another decoder may know the codec.
            Err(error) if matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Empty) => {
                first_error.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    first_error.map_or(Ok(None), Err)
}

fn open_link(
    file: &Arc<File>,
    audio: AudioBytes,
    how: &How,
    links: &[Link],
    at: usize,
    offset: u64,
) -> Result<Decode> {
    let followed = at + 1 < links.len();
    let end = if followed { links[at].end } else { audio.end };
    let part = AudioBytes { start: links[at].start, end, ..audio };
    let stream = Decode::open(file, part, how, Some(Place { offset, followed }))?;
    stream.ok_or_else(|| Error::new(ErrorKind::Malformed, "the stream is not whole"))
}

impl Chain {
    fn warn(&mut self, line: String) {
        if self.earlier.len() < MAX_WARNINGS && !self.earlier.contains(&line) {
            self.earlier.push(line);
        }
    }

    fn warn_at(&mut self, what: &str) {
        let at_s = self.spec.rate.seconds(self.position);
        self.warn(format!("damage at {at_s:.2} s became silence: {what}"));
    }

    /// Puts the warnings together.
    fn gather(&mut self) {
        self.warnings.clone_from(&self.earlier);
        let left = MAX_WARNINGS.saturating_sub(self.warnings.len());
        if let Some(stream) = &self.stream {
            for line in stream.warnings().iter().take(left) {
                if !self.warnings.contains(line) {
                    self.warnings.push(line.clone());
                }
            }
        }
    }

    /// Begins the stream `at`: opens it, or puts silence in its place.
    fn begin_link(&mut self) -> Result<()> {
        let link = &self.links[self.at];
        let known = link.granules(self.pre_skip).unwrap_or(0);
        let opened = if link.has_head {
            open_link(&self.file, self.audio, &self.how, &self.links, self.at, self.base).map(Some)
        } else {
            Ok(None)
        };
        self.silent_until = self.base;
        match opened {
            Ok(Some(stream)) if stream.spec == self.spec => {
                self.stream = Some(stream);
                return Ok(());
            }
            Ok(Some(_)) => {
                self.warn(CHANGED.to_owned());
                self.ended = true;
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            // It has headers and no sound.
            Err(error) if error.kind() == ErrorKind::Empty => return Ok(()),
            Err(error) => {
                self.warn_at(&format!("a stream that follows cannot be decoded: {}", error.message()))
            }
            Ok(None) => self.warn_at("the first page of a stream is missing or damaged"),
        }
        self.silent_until = self.base.saturating_add(self.possible(known));
        Ok(())
    }

    /// That length, unless it is beyond what any file may have.
    fn possible(&self, frames: u64) -> u64 {
        if frames <= self.how.limits.max_frames(self.spec.rate) { frames } else { 0 }
    }

    /// Ends the stream that was decoded up to the position; what it says to have had beyond becomes silence.
    fn end_link(&mut self) {
        self.gather();
        self.earlier = std::mem::take(&mut self.warnings);
        self.silent_until = self.position;
        let Some(stream) = self.stream.take() else { return };
        let exact = stream.plan.exact_frames.map_or(0, |frames| self.possible(frames));
        if self.at + 1 < self.links.len() && self.base.saturating_add(exact) > self.position {
            self.warn_at("pages are missing or damaged");
            self.silent_until = self.base.saturating_add(exact);
        }
    }

    /// Goes on with the stream behind the one that has ended.
    fn next_link(&mut self) -> Result<()> {
        self.lengths[self.at] = Some(self.position - self.base);
        let Some([before, next]) = self.links.get(self.at..self.at + 2) else {
            self.ended = true;
            return Ok(());
        };
        let (between, is_end) = (next.start - before.end, before.is_end);
        (self.at, self.base) = (self.at + 1, self.position);
        let at_s = self.spec.rate.seconds(self.position);
        if between > 0 {
            self.warn(format!(
                "{between} bytes at {at_s:.2} s, between two streams of the file, are no pages of Ogg; what was lost there \
                 was left out"
            ));
        } else if !is_end {
            self.warn(format!("a stream of the file ends at {at_s:.2} s without its last page"));
        }
        self.begin_link()
    }

    fn silence(&mut self) -> Result<Option<PcmChunk>> {
        let frames = (self.silent_until - self.position).min(self.how.chunk_frames as u64);
        let planes = vec![vec![0.0; frames as usize]; self.spec.channels()];
        let chunk = PcmChunk::of_finite(self.spec, FrameIndex(self.position), planes)?;
        self.position += frames;
        Ok(Some(chunk))
    }

    fn pull(&mut self) -> Result<Option<PcmChunk>> {
        let most = self.how.limits.max_frames(self.spec.rate);
        while !self.ended {
            if self.position > most {
                let seconds = self.position / u64::from(self.spec.rate.hz());
                return Err(Error::limit("duration_s", seconds, self.how.limits.max_duration_s.into()));
            }
            match &mut self.stream {
                Some(stream) => match stream.next_chunk()? {
                    Some(chunk) => {
                        let first = FrameIndex(self.base + chunk.first_frame().0);
                        self.position = first.0 + chunk.frames() as u64;
                        return Ok(Some(chunk.moved_to(first)));
                    }
                    None => self.end_link(),
                },
                None if self.position < self.silent_until => return self.silence(),
                None => self.next_link()?,
            }
        }
        Ok(None)
    }

    /// Goes to that stream, whose first frame has that track index.
    fn go_to(&mut self, at: usize, base: u64) -> Result<()> {
        self.gather();
        self.earlier = std::mem::take(&mut self.warnings);
        (self.at, self.base, self.position, self.stream) = (at, base, base, None);
        self.begin_link()
    }

    fn find(&mut self, target: u64) -> Result<u64> {
        let (mut at, mut base) = (0, 0);
        while let Some(length) = self.lengths[at].filter(|length| base + length <= target) {
            if at + 1 == self.links.len() {
                break;
            }
            (at, base) = (at + 1, base + length);
        }
        self.ended = false;
        if at != self.at || self.stream.is_none() {
            self.go_to(at, base)?;
        }
        while !self.ended {
            let wanted = target - self.base;
            match &mut self.stream {
                Some(stream) => {
                    let landed = self.base + stream.seek(FrameIndex(wanted))?.0;
                    self.position = landed;
                    if landed == target {
                        return Ok(target);
                    }
                    self.end_link();
                }
                None if target <= self.silent_until && self.position < self.silent_until => {
                    self.position = target;
                    return Ok(target);
                }
                None => {
                    self.position = self.silent_until.max(self.position);
                    self.next_link()?;
                }
            }
        }
        Ok(self.position)
    }
}

impl PcmSource for Chain {
    fn spec(&self) -> SampleSpec {
        self.spec
    }

    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn next_chunk(&mut self) -> Result<Option<PcmChunk>> {
        let chunk = self.pull();
        self.ended |= chunk.is_err();
        self.gather();
        chunk
    }

    fn seek(&mut self, frame: FrameIndex) -> Result<FrameIndex> {
        let landed = self.find(frame.0);
        self.ended |= landed.is_err();
        self.gather();
        landed.map(FrameIndex)
    }

    fn whole_frames(&self) -> Option<u64> {
        self.links.iter().map(|link| link.granules(self.pre_skip)).sum()
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
