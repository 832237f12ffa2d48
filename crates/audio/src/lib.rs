//! Bytes to PCM and back; synchronous.
//!
//! Purpose: the one way from a file to PCM ([`PcmSource`]), the one fan-out from PCM to everything that
//! hears it ([`PcmSink`]), and the way from PCM to packets, segments and playlists ([`encode`], [`mux`], [`hls`]).
//!
//! Vocabulary: *container* (how packets are wrapped) and *codec* (how audio became packets) are different
//! things; a *frame* is one sample per channel; a *chunk* is an immutable run of frames.
//!
//! Invariants: never trusts a declared length; no tokio, no SQL, no HTTP.

mod art;
mod chunk;
mod codecs;
mod decode;
mod ebml;
pub mod encode;
mod external;
mod fanout;
pub mod hls;
mod length;
mod limits;
pub mod mux;
mod names;
mod open;
mod options;
mod pcm;
mod probe;
mod relay;
mod samples;
mod tags;
pub mod transcode;

pub use art::{Cover, compose_cover, normalise_cover};
pub use chunk::{PcmChunk, SharedChunk};
pub use codecs::{CODECS, CodecEntry, Decoder, is_audio_suffix};
pub use external::{ChildMark, check_ffmpeg, ffmpeg_identity, ffmpeg_version};
pub use fanout::{
    CancelFlag, Eviction, FanOut, FanOutOptions, FanOutReport, SinkOutcome, SinkPolicy, SinkReport,
    SinkThreads,
};
pub use length::{HeaderLength, header_length};
pub use limits::Limits;
pub use names::is_system_name;
pub use open::open;
pub use options::{FfmpegUse, OpenOptions};
pub use pcm::{PcmSink, PcmSource, StreamFacts};
pub use probe::{Container, probe};
pub use tags::{AlbumGain, AnalyzedFile, ReplayGainTags, Rewritten, TagReading, read_tags, write_replaygain};
