//! Sources and sinks of these tests: frames that are different everywhere, sinks that record, and sinks that break.

use std::sync::{Arc, Condvar, Mutex};

use fanfare_audio::{PcmChunk, PcmSink, PcmSource, SharedChunk, StreamFacts};
use fanfare_model::{ChannelLayout, Error, ErrorKind, FrameIndex, Result, SampleRate, SampleSpec};

pub const SPEC: SampleSpec = SampleSpec { rate: SampleRate::CD, layout: ChannelLayout::Stereo };

/// The sample of that frame and channel: different everywhere, the same in every run.
pub fn sample(frame: u64, channel: u64) -> f32 {
    let mixed = (frame * 2 + channel).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    mixed as f32 / (1 << 23) as f32 - 1.0
}

/// A source of made-up frames in chunks of the given lengths, in turn.
pub struct Noise {
    pub facts: StreamFacts,
    pub lengths: Vec<usize>,
    pub frames: u64,
    pub at: u64,
    pub chunks: usize,
    pub fails_at: Option<u64>,
    pub made: Arc<Made>,
}

/// How many chunks a source has made, and a way to wait for it.
#[derive(Default)]
pub struct Made(Mutex<usize>, Condvar);

impl Made {
    pub fn count(&self) -> usize {
        *self.0.lock().unwrap()
    }

    pub fn wait_for(&self, chunks: usize) {
        let _made = self.1.wait_while(self.0.lock().unwrap(), |made| *made < chunks).unwrap();
    }
}

pub fn noise(frames: u64, lengths: &[usize]) -> Noise {
    let facts = StreamFacts {
        codec: "pcm".to_owned(),
        container: "none".to_owned(),
        bit_depth: None,
        declared_frames: Some(frames),
    };
    Noise { facts, lengths: lengths.to_vec(), frames, at: 0, chunks: 0, fails_at: None, made: Arc::default() }
}

impl PcmSource for Noise {
    fn spec(&self) -> SampleSpec {
        SPEC
    }

    fn facts(&self) -> &StreamFacts {
        &self.facts
    }

    fn next_chunk(&mut self) -> Result<Option<PcmChunk>> {
        if self.fails_at.is_some_and(|frame| self.at >= frame) {
            return Err(Error::new(ErrorKind::Malformed, "the source broke"));
        }
        let length = (self.lengths[self.chunks % self.lengths.len()] as u64).min(self.frames - self.at);
        if length == 0 {
            return Ok(None);
        }
        let plane = |channel| (self.at..self.at + length).map(|frame| sample(frame, channel)).collect();
        let chunk = PcmChunk::new(SPEC, FrameIndex(self.at), vec![plane(0), plane(1)])?;
        self.at += length;
        self.chunks += 1;
        *self.made.0.lock().unwrap() += 1;
        self.made.1.notify_all();
        Ok(Some(chunk))
    }

    fn seek(&mut self, _frame: FrameIndex) -> Result<FrameIndex> {
        Err(Error::new(ErrorKind::Unsupported, "runs forwards only"))
    }

    fn warnings(&self) -> &[String] {
        &[]
    }
}

/// What a recording sink heard.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Received {
    pub left: Vec<f32>,
    pub right: Vec<f32>,
    pub finished: usize,
    pub dropped: usize,
}

#[derive(Default, Clone)]
pub struct Recorder(pub Arc<Mutex<Received>>);

impl Recorder {
    pub fn sink(&self) -> Box<dyn PcmSink> {
        Box::new(RecorderSink(self.clone()))
    }

    pub fn received(&self) -> Received {
        self.0.lock().unwrap().clone()
    }

    #[track_caller]
    pub fn assert_received_all(&self, frames: u64) {
        let received = self.received();
        assert!(received.left.iter().copied().eq((0..frames).map(|frame| sample(frame, 0))));
        assert!(received.right.iter().copied().eq((0..frames).map(|frame| sample(frame, 1))));
        assert_eq!((received.finished, received.dropped), (1, 1));
    }
}

struct RecorderSink(Recorder);

impl PcmSink for RecorderSink {
    fn push(&mut self, chunk: &SharedChunk) -> Result<()> {
        let mut received = self.0.0.lock().unwrap();
        assert_eq!(chunk.first_frame(), FrameIndex(received.left.len() as u64));
        received.left.extend(&chunk.planes()[0]);
        received.right.extend(&chunk.planes()[1]);
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        self.0.0.lock().unwrap().finished += 1;
        Ok(())
    }
}

impl Drop for RecorderSink {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().dropped += 1;
    }
}

/// Holds every thread that passes until the test is over.
#[derive(Default, Clone)]
pub struct Gate(pub Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub fn pass(&self) {
        let _open = self.0.1.wait_while(self.0.0.lock().unwrap(), |open| !*open).unwrap();
    }
}

/// Opens the gate when the test ends, however it ends.
pub struct OpensAtEnd(pub Gate);

impl Drop for OpensAtEnd {
    fn drop(&mut self) {
        *self.0.0.0.lock().unwrap() = true;
        self.0.0.1.notify_all();
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    Panic,
    PanicWithoutText,
    Error,
    Hang,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    Chunk(usize),
    Finish,
    Drop,
}

pub struct Hostile {
    pub deed: Action,
    pub place: Place,
    pub gate: Gate,
    pub pushes: usize,
}

impl Hostile {
    fn act(&self) -> Result<()> {
        match self.deed {
            Action::Panic => panic!("on purpose"),
            Action::PanicWithoutText => std::panic::panic_any(Bomb),
            Action::Error => Err(Error::new(ErrorKind::NoSpace, "no room for that")),
            Action::Hang => {
                self.gate.pass();
                Ok(())
            }
        }
    }
}

impl PcmSink for Hostile {
    fn push(&mut self, _chunk: &SharedChunk) -> Result<()> {
        self.pushes += 1;
        if self.place == Place::Chunk(self.pushes) { self.act() } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<()> {
        if self.place == Place::Finish { self.act() } else { Ok(()) }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        if self.place == Place::Drop {
            self.act().unwrap();
        }
    }
}

/// A panic's value that panics again when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("again");
    }
}
