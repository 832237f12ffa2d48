//! Which of Symphonia's demuxers and decoders takes a stream.

use std::{
    fs::File,
    ops::Range,
    sync::{Arc, LazyLock},
};

use symphonia::{
    core::{
        codecs::{
            CodecParameters,
            audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions, well_known::*},
            registry::CodecRegistry,
        },
        errors::Error as Foreign,
        formats::{FormatOptions, FormatReader, Track, TrackType},
        io::{MediaSourceStream, ReadBytes},
    },
    default::formats::{
        AdtsReader, AiffReader, CafReader, FlacReader, IsoMp4Reader, MkvReader, MpaReader, OggReader,
        WavReader,
    },
};

use super::{
    bytes::{FileBytes, Patch, Unread},
    guard::{Trouble, guarded},
};
use crate::{Container, probe::AudioBytes};

/// A file's audio bytes, from which a demuxer can be made again and again.
#[derive(Clone)]
pub(super) struct Origin {
    pub file: Arc<File>,
    /// What the demuxer reads.
    pub audio: AudioBytes,
    /// The container around it, where that is stepped over.
    pub around: Option<Container>,
    /// What stands in place of the bytes before `audio.start`: a FLAC header without its metadata.
    pub prefix: Vec<u8>,
    /// Numbers that are corrected.
    pub patches: Vec<Patch>,
    /// The audio bytes as they were found; `audio` may be a part of them.
    pub whole: AudioBytes,
    /// Stretches of the file behind `audio`, between which something is lost.
    pub later: Arc<[Range<u64>]>,
    /// The system's error, if it could not read the file.
    pub unread: Unread,
}

impl Origin {
    /// The audio bytes of a file as they are.
    pub(super) fn new(file: Arc<File>, audio: AudioBytes) -> Self {
        Self {
            file,
            audio,
            around: None,
            prefix: Vec::new(),
            patches: Vec::new(),
            whole: audio,
            later: Arc::default(),
            unread: Unread::default(),
        }
    }

    /// A new demuxer at the beginning.
    pub(super) fn reader(&self) -> Result<Box<dyn FormatReader>, Trouble> {
        let bytes = {
            let Self { file, prefix, patches, audio, unread, .. } = self.clone();
            FileBytes::new(file, prefix, patches, audio.start, audio.end).noting(unread)
        };
        let budget = bytes.budget();
        let mut stream = MediaSourceStream::new(Box::new(bytes), Default::default());
        let options = FormatOptions::default();
        let reader = guarded(|| -> Result<Box<dyn FormatReader>, Foreign> {
            Ok(match self.audio.container {
                Container::Wav | Container::Rf64 => Box::new(WavReader::try_new(stream, options)?),
                Container::Aiff => Box::new(AiffReader::try_new(stream, options)?),
                Container::Caf => Box::new(CafReader::try_new(stream, options)?),
                Container::Flac => Box::new(FlacReader::try_new(stream, options)?),
                Container::Mp3 => Box::new(MpaReader::try_new(stream, options)?),
                Container::Adts => Box::new(AdtsReader::try_new(stream, options)?),
                Container::Ogg => Box::new(OggReader::try_new(stream, options)?),
                Container::Matroska => Box::new(MkvReader::try_new(stream, options)?),
                Container::Mp4 => {
                    // This reader expects to stand behind the length of the first box, where its marker is.
                    stream.read_quad_bytes()?;
                    Box::new(IsoMp4Reader::try_new(stream, options)?)
                }
                _ => return Err(Foreign::Unsupported("this container is decoded elsewhere")),
            })
        });
        self.check_reading()?;
        budget.open_up();
        reader
    }

    /// Returns the error if the file could not be read, whatever a demuxer made of it.
    pub(super) fn check_reading(&self) -> Result<(), Trouble> {
        self.unread.take().map_or(Ok(()), |error| Err(Trouble::Io(error)))
    }
}

static REGISTRY: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut registry = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut registry);
    registry.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    registry
});

/// A new decoder for those parameters. It trims nothing: [`Trim`](super::trim::Trim) does.
pub(super) fn decoder(params: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, Trouble> {
    let mut params = params.clone();
    if params.codec == CODEC_ID_OPUS
        && let Some(head) = &mut params.extra_data
        && let Some(pre_skip) = head.get_mut(10..12)
    {
        // The adapter would drop the pre-skip from the first packet only, even where it is longer.
        pre_skip.fill(0);
    }
    // Vorbis: with "gapless" its first packet after a reset, which is only half of an overlap, is silent.
    guarded(|| REGISTRY.make_audio_decoder(&params, &AudioDecoderOptions::default().gapless(true)))
}

/// Frames that an Opus header says to skip (RFC 7845, section 5.1: bytes 10 and 11, little endian).
pub(super) fn opus_pre_skip(params: &AudioCodecParameters) -> Option<u64> {
    let head = params.extra_data.as_ref().filter(|_| params.codec == CODEC_ID_OPUS)?;
    let bytes = head.get(10..12).filter(|_| head.starts_with(b"OpusHead"))?;
    Some(u64::from(u16::from_le_bytes([bytes[0], bytes[1]])))
}

/// Turns the numbers of an MP4 file's `dOps` box, which are big-endian ("Encapsulation of Opus in ISO Base Media File
/// Format", section 4.3.2), into those of an Opus header, which are little-endian (RFC 7845, section 5.1): pre-skip,
/// input rate, output gain. The demuxer copies them as they are.
pub(super) fn opus_head_from_mp4(params: &mut AudioCodecParameters) {
    let Some(head) = params.extra_data.as_mut().filter(|head| head.len() >= 18) else { return };
    for number in [10..12, 12..16, 16..18] {
        head[number].reverse();
    }
}

/// Reads PCM as big-endian where the demuxer took it for little-endian.
pub(super) fn read_big_endian(params: &mut AudioCodecParameters) {
    params.codec = match params.codec {
        CODEC_ID_PCM_S24LE => CODEC_ID_PCM_S24BE,
        CODEC_ID_PCM_S32LE => CODEC_ID_PCM_S32BE,
        CODEC_ID_PCM_F32LE => CODEC_ID_PCM_F32BE,
        CODEC_ID_PCM_F64LE => CODEC_ID_PCM_F64BE,
        other => other,
    };
}

/// The factor by which an Opus header says to change the level (RFC 7845, section 5.1: output gain, bytes 16
/// and 17, in 1/256 dB); players must apply it, and the decoder does not.
pub(super) fn opus_gain(params: &AudioCodecParameters) -> f32 {
    let head = params.extra_data.as_ref().filter(|_| params.codec == CODEC_ID_OPUS);
    let gain =
        head.and_then(|head| head.get(16..18)).map_or(0, |gain| i16::from_le_bytes([gain[0], gain[1]]));
    10.0_f32.powf(f32::from(gain) / (20.0 * 256.0))
}

/// The track to hear: the one of that id, else the default one, else the first with a decoder.
pub(super) fn audio_track(reader: &dyn FormatReader, wanted: Option<u32>) -> Option<&Track> {
    let by_id = wanted.and_then(|id| reader.tracks().iter().find(|track| track.id == id));
    by_id.filter(|track| params_of(track).is_some()).or_else(|| reader.default_track(TrackType::Audio))
}

/// The audio parameters of a track.
pub(super) fn params_of(track: &Track) -> Option<&AudioCodecParameters> {
    track.codec_params.as_ref().and_then(CodecParameters::audio)
}

/// The codec's name as in [`fanfare_model::AudioProperties::codec`].
pub(super) fn codec_name(params: &AudioCodecParameters) -> String {
    let codec = params.codec;
    let pcm: &[(_, &str)] = &[
        (CODEC_ID_PCM_S32LE, "pcm_s32le"),
        (CODEC_ID_PCM_S32BE, "pcm_s32be"),
        (CODEC_ID_PCM_S24LE, "pcm_s24le"),
        (CODEC_ID_PCM_S24BE, "pcm_s24be"),
        (CODEC_ID_PCM_S16LE, "pcm_s16le"),
        (CODEC_ID_PCM_S16BE, "pcm_s16be"),
        (CODEC_ID_PCM_S8, "pcm_s8"),
        (CODEC_ID_PCM_U8, "pcm_u8"),
        (CODEC_ID_PCM_F32LE, "pcm_f32le"),
        (CODEC_ID_PCM_F32BE, "pcm_f32be"),
        (CODEC_ID_PCM_F64LE, "pcm_f64le"),
        (CODEC_ID_PCM_F64BE, "pcm_f64be"),
        (CODEC_ID_PCM_ALAW, "alaw"),
        (CODEC_ID_PCM_MULAW, "mulaw"),
        (CODEC_ID_FLAC, "flac"),
        (CODEC_ID_ALAC, "alac"),
        (CODEC_ID_MP1, "mp1"),
        (CODEC_ID_MP2, "mp2"),
        (CODEC_ID_MP3, "mp3"),
        (CODEC_ID_AAC, "aac"),
        (CODEC_ID_VORBIS, "vorbis"),
        (CODEC_ID_OPUS, "opus"),
        (CODEC_ID_ADPCM_MS, "adpcm_ms"),
        (CODEC_ID_ADPCM_IMA_WAV, "adpcm_ima_wav"),
        (CODEC_ID_ADPCM_IMA_QT, "adpcm_ima_qt"),
    ];
    pcm.iter().find(|(id, _)| *id == codec).map_or("other", |(_, name)| name).to_owned()
}

/// Bits per sample, for codecs that keep every bit; others have none.
pub(super) fn bit_depth(params: &AudioCodecParameters) -> Option<u8> {
    let bits = match params.codec {
        // The sixth byte of its configuration (Apple's `ALACMagicCookieDescription`).
        CODEC_ID_ALAC => {
            params.extra_data.as_ref().and_then(|cookie| cookie.get(5)).map(|bits| u32::from(*bits))
        }
        CODEC_ID_FLAC => params.bits_per_sample,
        CODEC_ID_PCM_F64LE | CODEC_ID_PCM_F64BE => Some(64),
        CODEC_ID_PCM_F32LE | CODEC_ID_PCM_F32BE => Some(32),
        _ if is_pcm(params) => params.bits_per_sample,
        _ => None,
    };
    bits.and_then(|bits| u8::try_from(bits).ok()).filter(|bits| (1..=64).contains(bits))
}

/// Whether the codec's samples are stored as they are, so that a byte count gives a frame count.
pub(super) fn is_pcm(params: &AudioCodecParameters) -> bool {
    codec_name(params).starts_with("pcm_")
}

/// Bytes of a frame of such samples; `None` for codecs that compress.
pub(super) fn frame_bytes(params: &AudioCodecParameters) -> Option<u64> {
    let channels = params.channels.as_ref().filter(|_| is_pcm(params))?;
    let bits = params.bits_per_coded_sample.or(params.bits_per_sample)?;
    Some((channels.count() as u64 * u64::from(bits.div_ceil(8))).max(1))
}

/// How many frames before a point decoding must begin so that, from there on, it equals a decode from the
/// start to 1e-4: overlaps and adaptive state have died away.
pub(super) fn pre_roll(params: &AudioCodecParameters) -> u64 {
    match params.codec {
        // Bit reservoir of up to 511 bytes (22 frames of 8 kb/s) and two overlaps.
        CODEC_ID_MP3 => 26 * 1152,
        CODEC_ID_MP1 | CODEC_ID_MP2 => 3 * 1152,
        CODEC_ID_AAC => 3 * 1024,
        // The longest block is 8,192 frames (Vorbis I, 4.2.2) and overlaps with one neighbour.
        CODEC_ID_VORBIS => 3 * 8192,
        // RFC 7845 recommends 80 ms; band energies are predicted over far more, so a second is taken.
        CODEC_ID_OPUS => 48_000,
        _ => 0,
    }
}
