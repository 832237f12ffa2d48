//! Properties of the formats that only `ffmpeg` decodes, from their own headers.
//!
//! Sources: the published descriptions of the formats (WavPack 4/5 block header; Monkey's Audio file header
//! 3.98+; TTA1; Sony DSF 1.01; Philips DSDIFF 1.5; Musepack SV7 and SV8; Sun AU). Each reads a few fixed
//! fields; whatever does not fit is `Malformed`.

use std::{fs::File, ops::Range};

use fanfare_model::{AudioProperties, Error, ErrorKind, Result};

use super::{
    asf, au,
    header_fields::{Found, be16, be32, be64, le16, le32, le64},
    musepack, sample_entry,
};
use crate::{
    Container, Limits,
    probe::{AudioBytes, read_at},
};

/// Sub-blocks looked at in one WavPack block; encoders write about ten.
const MAX_SUB_BLOCKS: usize = 64;
/// WavPack's sub-blocks with channels, rate, and DSD (the lower six bits of their ids).
const SUB_CHANNELS: u8 = 0x0d;
const SUB_RATE: u8 = 0x27;
const SUB_DSD: u8 = 0x0e;
/// Bytes of a file that hold these headers.
const HEAD_BYTES: usize = 4_096;

/// Reads the header of a format that is not decoded in process.
///
/// # Errors
/// [`ErrorKind::Malformed`] when it is not there, limits, I/O.
pub(super) fn read(file: &File, audio: AudioBytes, limits: &Limits) -> Result<AudioProperties> {
    let head = read_at(file, audio.start, HEAD_BYTES)?;
    let found = match audio.container {
        Container::WavPack => wavpack(&head),
        Container::Ape => ape(&head),
        Container::Tta => tta(&head),
        Container::Dsf => dsf(&head),
        Container::Dff => dff(&head),
        Container::Musepack7 => musepack::version7(&head),
        Container::Musepack8 => musepack::version8(&head),
        Container::Au => au::properties(&head, audio),
        Container::Asf => asf::properties(file, audio, limits),
        Container::Mp4 => sample_entry::mp4(file, audio)?.or_else(|| lofty_properties(file, audio.container)),
        Container::Adts => lofty_properties(file, audio.container),
        Container::Ogg => ogg(&head),
        Container::Wave64 => wave64(&head, audio),
        Container::Amr => Some(amr(&head)),
        Container::Tak => tak(&head),
        Container::Wav | Container::Rf64 => sample_entry::wav(&head),
        Container::Aiff => sample_entry::aiff(&head),
        Container::Caf => sample_entry::caf(&head),
        Container::Matroska => sample_entry::matroska(file, audio)?,
        Container::Flac => flac(&head),
        Container::Mp3 => None,
    };
    let container = audio.container.as_str().to_owned();
    let found = found.ok_or_else(|| {
        Error::new(ErrorKind::Malformed, format!("the {container} header is damaged")).at_byte(audio.start)
    })?;
    limits.spec(found.rate_hz, found.channels as usize)?;
    Ok(AudioProperties {
        codec: found.codec.to_owned(),
        container,
        sample_rate_hz: found.rate_hz,
        channels: u8::try_from(found.channels).unwrap_or(u8::MAX),
        bit_depth: found.bits,
        frames: found.frames,
        bitrate_bps: None,
    })
}

/// WavPack's block header and the sub-blocks behind it (WavPack 5 file format, sections 2 and 3).
fn wavpack(head: &[u8]) -> Option<Found> {
    const RATES_HZ: [u32; 15] = [
        6_000, 8_000, 9_600, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200,
        96_000, 192_000,
    ];
    let flags = le32(head, 24)?;
    let total = u64::from(le32(head, 12)?) | u64::from(*head.get(11)?) << 32;
    let mut frames = (total & 0xffff_ffff != 0xffff_ffff).then_some(total);
    let mut bits = Some((((flags & 3) + 1) * 8 - ((flags >> 13) & 31)) as u8);
    // The first block has one or two channels; more channels, and rates without a number, are in sub-blocks.
    let (mut channels, mut rate_hz) = (if flags & 4 != 0 { 1 } else { 2 }, 0);
    let mut dsd_shift = None;
    let mut at = 32;
    for _ in 0..MAX_SUB_BLOCKS {
        let (Some(id), Some(words)) = (head.get(at).copied(), head.get(at + 1)) else { break };
        let (body, words) = match id & 0x80 {
            0 => (at + 2, usize::from(*words)),
            _ => (at + 4, (le32(head, at)? >> 8) as usize),
        };
        match id & 0x3f {
            SUB_CHANNELS => channels = u32::from(*head.get(body)?),
            SUB_RATE => rate_hz = le32(head, body)? & 0x00ff_ffff,
            // The shift between its rate and the bits of DSD.
            SUB_DSD => dsd_shift = head.get(body).copied(),
            _ => {}
        }
        at = body + words * 2;
    }
    if rate_hz == 0 {
        rate_hz = RATES_HZ.get(((flags >> 23) & 15) as usize).copied().unwrap_or(44_100);
    }
    if flags & 0x8000_0000 != 0 {
        // The header gives count and rate of bytes, which hold eight samples of DSD each.
        let bits_per_s = rate_hz.checked_shl(dsd_shift.map_or(3, u32::from))?;
        let samples = frames.map_or(0, |bytes| bytes.saturating_mul(u64::from(bits_per_s / rate_hz.max(1))));
        let pcm = dsd(bits_per_s, channels, samples)?;
        (rate_hz, bits) = (pcm.rate_hz, pcm.bits);
        frames = frames.and(pcm.frames);
        return Some(Found { codec: "dsd", rate_hz, channels, bits, frames });
    }
    Some(Found { codec: "wavpack", rate_hz, channels, bits, frames })
}

fn ape(head: &[u8]) -> Option<Found> {
    let version = le16(head, 4)?;
    if version < 3_980 {
        let (flags, channels, rate_hz) = (le16(head, 8)?, le16(head, 10)?, le32(head, 12)?);
        let bits = if flags & 1 != 0 {
            8
        } else if flags & 8 != 0 {
            24
        } else {
            16
        };
        return Some(Found { codec: "ape", rate_hz, channels, bits: Some(bits), frames: None });
    }
    // A descriptor, whose length it gives itself, then the header.
    let at = le32(head, 8)? as usize;
    let (per_frame, last, count) = (le32(head, at + 4)?, le32(head, at + 8)?, le32(head, at + 12)?);
    let frames = u64::from(count.checked_sub(1)?) * u64::from(per_frame) + u64::from(last);
    Some(Found {
        codec: "ape",
        bits: u8::try_from(le16(head, at + 16)?).ok(),
        channels: le16(head, at + 18)?,
        rate_hz: le32(head, at + 20)?,
        frames: Some(frames),
    })
}

fn tta(head: &[u8]) -> Option<Found> {
    Some(Found {
        codec: "tta",
        channels: le16(head, 6)?,
        bits: u8::try_from(le16(head, 8)?).ok(),
        rate_hz: le32(head, 10)?,
        frames: Some(u64::from(le32(head, 14)?)),
    })
}

/// The rate at which DSD of that many bits per second and channel is heard as PCM.
pub(crate) fn dsd_pcm_rate_hz(bits_per_s: u32) -> u32 {
    // 2.8 MHz (DSD64) becomes 88.2 kHz: above every microphone, and the noise shaping is filtered away.
    if bits_per_s.is_multiple_of(48_000) { 96_000 } else { 88_200 }
}

fn dsd(rate: u32, channels: u32, samples: u64) -> Option<Found> {
    let rate_hz = dsd_pcm_rate_hz(rate);
    let frames = u128::from(samples) * u128::from(rate_hz) / u128::from(rate.max(1));
    Some(Found { codec: "dsd", rate_hz, channels, bits: Some(1), frames: u64::try_from(frames).ok() })
}

fn dsf(head: &[u8]) -> Option<Found> {
    if head.get(28..32) != Some(b"fmt ") {
        return None;
    }
    dsd(le32(head, 56)?, le32(head, 52)?, le64(head, 64)?)
}

fn dff(head: &[u8]) -> Option<Found> {
    let find = |name: &[u8]| head.windows(4).position(|window| window == name);
    let rate = be32(head, find(b"FS  ")? + 12)?;
    let channels = be16(head, find(b"CHNL")? + 12)?;
    let bytes = be64(head, head.windows(4).rposition(|window| window == b"DSD ")? + 4)?;
    dsd(rate, channels, bytes.saturating_mul(8) / u64::from(channels.max(1)))
}

/// Sony Wave64: as RIFF, with 16-byte names and 64-bit sizes that count the header.
fn wave64(head: &[u8], audio: AudioBytes) -> Option<Found> {
    let format = head.windows(4).position(|window| window == b"fmt ")? + 24;
    let found = sample_entry::wave_format(head, format)?;
    let samples = head.windows(4).position(|window| window == b"data")?;
    let bytes = le64(head, samples + 16)?.checked_sub(24)?.min(audio.end - audio.start);
    let frames = bytes.checked_div(u64::from(le16(head, format + 12)?));
    Some(Found { frames, ..found })
}

/// AMR has 20 ms frames of one channel, at 8 kHz, or 16 kHz in its wide band form (RFC 4867, section 5).
fn amr(head: &[u8]) -> Found {
    let wide = head.starts_with(b"#!AMR-WB");
    let (codec, rate_hz) = if wide { ("amrwb", 16_000) } else { ("amrnb", 8_000) };
    Found { codec, rate_hz, channels: 1, ..Found::default() }
}

/// TAK's stream information (format as described by its author, TAK 2.3 SDK): a metadata block of type 1, whose body is
/// packed least significant bit first: 10 bits of encoder, 4 of frame size, 35 of samples, 3 of data type, 18 of rate
/// less 6,000, 5 of bits less 8, 4 of channels less 1.
fn tak(head: &[u8]) -> Option<Found> {
    // Block header: one byte of type, three of size.
    let body = head.get(8..).filter(|_| head.get(4).is_some_and(|kind| kind & 0x7f == 1))?;
    let low = le64(body, 0)?;
    let field = |at: u32, bits: u32| {
        let high = u128::from(le64(body, 8).unwrap_or(0));
        ((high << 64 | u128::from(low)) >> at & ((1 << bits) - 1)) as u64
    };
    Some(Found {
        codec: "tak",
        frames: Some(field(14, 35)),
        rate_hz: field(52, 18) as u32 + 6_000,
        bits: Some(field(70, 5) as u8 + 8),
        channels: field(75, 4) as u32 + 1,
    })
}

/// Ogg streams whose codec is not decoded in process: multichannel Opus, and Speex.
fn ogg(head: &[u8]) -> Option<Found> {
    // The first packet begins behind the page's header and its one length byte.
    let packet = head.get(28..)?;
    if packet.starts_with(b"OpusHead") {
        let channels = u32::from(*packet.get(9)?);
        return Some(Found { codec: "opus", rate_hz: 48_000, channels, ..Found::default() });
    }
    if packet.starts_with(b"\x01vorbis") {
        let (channels, rate_hz) = (u32::from(*packet.get(11)?), le32(packet, 12)?);
        return Some(Found { codec: "vorbis", rate_hz, channels, ..Found::default() });
    }
    if packet.starts_with(b"\x7fFLAC") {
        // RFC 9639, section 10.1: 13 bytes, the header of the stream information, and that (section 8.2).
        let packed = be64(packet, 17 + 10)?;
        let (rate_hz, channels) = ((packed >> 44) as u32, (packed >> 41 & 7) as u32 + 1);
        let frames = Some(packed & ((1 << 36) - 1)).filter(|frames| *frames > 0);
        let bits = u8::try_from((packed >> 36 & 31) + 1).ok();
        return Some(Found { codec: "flac", rate_hz, channels, bits, frames });
    }
    packet.starts_with(b"Speex   ").then_some(())?;
    Some(Found {
        codec: "speex",
        rate_hz: le32(packet, 36)?,
        channels: le32(packet, 48)?,
        ..Found::default()
    })
}

/// HE-AAC and multichannel AAC: the MP4 and ADTS headers as lofty reads them.
fn lofty_properties(file: &File, container: Container) -> Option<Found> {
    use lofty::{
        config::ParseOptions,
        file::{AudioFile as _, FileType},
        probe::Probe,
    };
    let kind = if container == Container::Mp4 { FileType::Mp4 } else { FileType::Aac };
    let mut options = ParseOptions::new();
    options.read_tags(false);
    let copy = file.try_clone().ok()?;
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        use std::io::Seek as _;
        let mut reader = std::io::BufReader::new(copy);
        reader.rewind().ok()?;
        Probe::with_file_type(reader, kind).options(options).read().ok()
    }));
    let tagged = read.ok().flatten()?;
    let properties = tagged.properties();
    let rate_hz = properties.sample_rate()?;
    let frames = properties.duration().as_secs_f64() * f64::from(rate_hz);
    Some(Found {
        codec: "aac",
        rate_hz,
        channels: u32::from(properties.channels()?),
        bits: None,
        frames: Some(frames as u64),
    })
}

/// The stream information of FLAC (RFC 9639, section 8.2), which is its first block.
fn flac(head: &[u8]) -> Option<Found> {
    let info =
        head.strip_prefix(b"fLaC").filter(|block| block.first().is_some_and(|kind| kind & 0x7f == 0))?;
    let packed = be64(info, 14)?;
    Some(Found {
        codec: "flac",
        rate_hz: (packed >> 44) as u32,
        channels: (packed >> 41 & 7) as u32 + 1,
        bits: Some((packed >> 36 & 31) as u8 + 1),
        frames: Some(packed & ((1 << 36) - 1)).filter(|frames| *frames > 0),
    })
}

/// Where a DSF or DFF file keeps its ID3v2 tag.
pub(super) fn id3_place(file: &File, audio: AudioBytes) -> Option<Range<u64>> {
    let start = match audio.container {
        Container::Dsf => le64(&read_at(file, audio.start, 28).ok()?, 20)?,
        _ => {
            // Chunks of DSDIFF: a name, a 64-bit length, the body, padded to even.
            let mut at = audio.start + 16;
            (0..64).find_map(|_| {
                let head = read_at(file, at, 12).ok()?;
                let body = at + 12;
                let length = be64(&head, 4)?;
                if head.starts_with(b"ID3 ") {
                    return Some(Some(body));
                }
                at = body.checked_add(length)?.checked_add(length & 1)?;
                (at >= audio.end).then_some(None)
            })??
        }
    };
    (start > audio.start && start < audio.end).then_some(start..audio.end)
}
