//! Transcodes of a constant bitrate, made block by block.
//!
//! Purpose: everything about such a file is decided before its first block is made ([`TranscodePlan`]): its head, its length,
//! which bytes are which block. A [`sink`](TranscodePlan::sink) then takes the frames of the track from wherever a pass over it begins, and
//! gives block after block.
//!
//! Vocabulary: a *head* is what lies in front of the first block: tags and what a decoder is told. A *block* is a run of
//! packets that is encoded by itself. A *pass* is one run of the source, from the start or from the middle.
//!
//! Invariants: a block's bytes depend on the source and the plan alone, never on where the pass began that made it,
//! on its pieces, or on other blocks; the finished file decodes to exactly the frames of the source.

mod coder;
mod head;
mod sink;

use fanfare_model::{BlockGrid, Error, Profile, Result, SampleSpec, Tags, TranscodeCodec};

use crate::{
    FfmpegUse, PcmSink,
    encode::{
        fit::{Fit, frames_at},
        mp3::{self, Mp3},
        opus::{self, Opus},
    },
    ffmpeg_version,
};
use coder::Coder;
use sink::BlockSink;
pub use sink::TakeBlock;

/// What a transcode is made of and how it will lie.
#[derive(Debug, Clone)]
pub struct TranscodePlan {
    source: SampleSpec,
    frames: u64,
    coder: Coder,
    grid: BlockGrid,
    head: Vec<u8>,
}

impl TranscodePlan {
    /// The plan for a track of that spec and that many frames, exactly.
    ///
    /// # Errors
    /// `Unsupported` for a profile that has no constant rate, or no encoder in this build.
    pub fn new(
        profile: Profile,
        source: SampleSpec,
        frames: u64,
        tags: &Tags,
        cover: Option<&[u8]>,
    ) -> Result<Self> {
        let (coder, head) = match profile.codec {
            TranscodeCodec::Mp3 => {
                let coder = Mp3 { spec: mp3::spec_for(source), bitrate_kbps: profile.bitrate_kbps };
                let mut head = head::id3(tags, cover)?;
                head.extend(coder.info_frame(frames_at(frames, source.rate, coder.spec.rate)));
                (Coder::Mp3(coder), head)
            }
            TranscodeCodec::Opus => {
                let spec = opus::spec_for(source);
                let (head, head_pages) =
                    Opus::head(spec, source.rate.hz(), &head::vorbis_comments(tags, cover));
                let frames = frames_at(frames, source.rate, spec.rate);
                let coder = Opus { spec, bitrate_kbps: profile.bitrate_kbps, frames, head_pages };
                (Coder::Opus(coder), head)
            }
            TranscodeCodec::Aac => return Err(coder::no_constant_rate(profile)),
        };
        let fitted = frames_at(frames, source.rate, coder.spec().rate);
        let packets = coder.packets(fitted);
        let blocks = packets.div_ceil(coder.block_packets()).max(1);
        let grid = BlockGrid {
            head_bytes: head.len() as u64,
            block_bytes: coder.block_bytes(coder.block_packets()),
            blocks: u32::try_from(blocks).unwrap_or(u32::MAX),
            len_bytes: head.len() as u64 + coder.audio_bytes(packets),
        };
        Ok(Self { source, frames, coder, grid, head })
    }

    /// The same, for a file that has to be smaller than its source of that many bytes: what has no room for its cover goes
    /// without, what has none for its tags as well; `None` when the sound alone is as large.
    ///
    /// # Errors
    /// As those of [`Self::new`].
    pub fn smaller_than(
        source_bytes: u64,
        profile: Profile,
        source: SampleSpec,
        frames: u64,
        (tags, cover): (&Tags, Option<&[u8]>),
    ) -> Result<Option<Self>> {
        let bare = Tags::default();
        for (tags, cover) in [(tags, cover), (tags, None), (&bare, None)] {
            let plan = Self::new(profile, source, frames, tags, cover)?;
            if plan.grid.len_bytes < source_bytes {
                return Ok(Some(plan));
            }
        }
        Ok(None)
    }

    /// How the file lies.
    #[must_use]
    pub const fn grid(&self) -> BlockGrid {
        self.grid
    }

    /// The bytes in front of the first block.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// A sink that makes the blocks from `first` on, and the frame of the source at which its pass has to begin.
    ///
    /// The pass ends with the source; a source of another length than was said is `Malformed`.
    ///
    /// # Errors
    /// `Internal` when there can be no resampler.
    pub fn sink(&self, first: u32, take: TakeBlock) -> Result<(u64, Box<dyn PcmSink>)> {
        let needed = self.coder.window_start(first).max(0).unsigned_abs();
        let (begin, fit) = Fit::starting_at(self.source, self.coder.spec(), needed)?;
        let packets = self.coder.packets(frames_at(self.frames, self.source.rate, self.coder.spec().rate));
        let sink = BlockSink::new(self.coder, fit, packets, (first, needed, begin), self.frames, take);
        Ok((begin, Box::new(sink)))
    }
}

/// What makes files of that codec here. Starts `ffmpeg` for AAC, and waits for it.
///
/// # Errors
/// `Unsupported`, `Unavailable` when nothing does, with a remedy: what is said wherever such a file is missing.
pub fn encoder(codec: TranscodeCodec, ffmpeg: &FfmpegUse) -> Result<&'static str> {
    match codec {
        TranscodeCodec::Mp3 if is_built_in(codec) => Ok("LAME 3.100"),
        TranscodeCodec::Mp3 => Err(mp3::missing()),
        TranscodeCodec::Opus => Ok("libopus"),
        TranscodeCodec::Aac => ffmpeg_version(ffmpeg).map(|_| "ffmpeg").map_err(|error| {
            let said = format!("AAC needs ffmpeg: {}", error.message());
            Error::new(error.kind(), said).remedy("install ffmpeg, or set `audio_cache.codec` to mp3 or opus")
        }),
    }
}

/// Whether this build can make files of that codec by itself, without a program beside it.
#[must_use]
pub const fn is_built_in(codec: TranscodeCodec) -> bool {
    match codec {
        TranscodeCodec::Mp3 => cfg!(feature = "mp3-lame"),
        TranscodeCodec::Opus => true,
        TranscodeCodec::Aac => false,
    }
}
