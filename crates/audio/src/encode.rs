//! PCM to packets: [`Encoder`] and its implementations.
//!
//! Purpose: one way to turn the frames of a track into the packets of a codec, whether a library does it
//! here, a boxed child does it elsewhere, or the packets were there already.
//!
//! Vocabulary: a *packet* is one encoded unit; *priming* are the frames that a decoder gives in front of the
//! first audible one; a *stream* is what all packets of one encode share.
//!
//! Invariants: encoders see only our own PCM; no text of a user and no part of a file reaches an argument; an
//! encoder's memory does not grow with the length of the track.

pub(crate) mod aac;
pub(crate) mod adts;
mod exchange;
pub(crate) mod fit;
pub(crate) mod flac;
pub(crate) mod mp3;
mod native;
pub(crate) mod opus;

use fanfare_model::{Result, SampleSpec};

pub use aac::{AacEncoder, carries as aac_carries};
pub use flac::FlacEncoder;

/// One encoded unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Its bytes, without any framing of a container.
    pub bytes: Vec<u8>,
    /// Frames that a decoder gives for it.
    pub frames: u32,
}

/// What a decoder must know besides the packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodecConfig {
    /// AAC-LC (ISO/IEC 14496-3, audio object type 2).
    AacLc,
    /// FLAC, with the body of its stream information block (RFC 9639, section 8.2).
    Flac([u8; 34]),
}

/// What all packets of one encode share; known before the first of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedStream {
    /// What the encoded frames look like.
    pub spec: SampleSpec,
    /// What a decoder must know.
    pub config: CodecConfig,
    /// Frames of every packet but the last.
    pub packet_frames: u32,
    /// Frames in front of the first audible one.
    pub priming_frames: u32,
    /// Expected average rate of the packets in bits per second.
    pub average_bps: u64,
    /// Rate in bits per second that hardly any stretch of some seconds exceeds.
    pub peak_bps: u64,
    /// Whether decoding gives exactly the samples that were pushed.
    pub lossless: bool,
}

/// Something that turns planes of samples into packets.
///
/// A caller may expect: every packet but the last decodes to [`EncodedStream::packet_frames`] frames; after
/// [`finish`](Self::finish) the packets together decode to the priming, all frames that were pushed and less
/// than one packet of padding behind them (FLAC: none); packets come in order; dropping an encoder at any time leaves no
/// process and no thread behind.
///
/// An implementer must: take any number of frames at once; take samples beyond full scale without failing;
/// give the same packets whatever pieces the frames were pushed in; keep bounded memory; never wait without a
/// time limit for something outside this process.
pub trait Encoder: Send {
    /// What all packets share.
    fn stream(&self) -> &EncodedStream;

    /// Takes frames, one plane of samples per channel of the stream's spec, all of one length, and appends the
    /// packets that are complete.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](fanfare_model::ErrorKind::Unavailable) when a helper program died,
    /// `Timeout` when it hangs, `Internal` when its output is something else than packets. The encoder cannot be used afterwards.
    fn push(&mut self, planes: &[Vec<f32>], packets: &mut Vec<Packet>) -> Result<()>;

    /// Takes the end of the track and appends the last packets. To be called once.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    fn finish(&mut self, packets: &mut Vec<Packet>) -> Result<()>;
}
