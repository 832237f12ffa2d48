//! CMAF (ISO/IEC 23000-19): an init section and segments of one audio track.
//!
//! Gapless: every segment says at which media time it begins (`tfdt`), the edit list says how much priming
//! lies in front of the first audible frame, and the last packet's duration is cut so that all durations
//! together are priming plus the track's frames. A player that obeys these plays exactly the track.
//!
//! Invariants: one movie fragment per segment; the time scale is the sample rate, so a tick is a frame; no
//! box needs the length of the track.

use fanfare_model::SampleSpec;

use super::boxes::Writer;
use crate::encode::{CodecConfig, EncodedStream, Packet, aac};

/// The only track's number.
const TRACK: u32 = 1;
/// Flags of a packet that depends on no other (ISO/IEC 14496-12, 8.8.3.1): audio always.
const SYNC_SAMPLE: u32 = 0x0200_0000;
/// The largest rate that a sample entry's 16.16 field holds, in Hz.
const MAX_ENTRY_RATE_HZ: u32 = 65_535;

/// The init section of a stream. `codecs` says what it holds.
pub(crate) fn init_section(stream: &EncodedStream) -> Vec<u8> {
    let mut w = Writer::default();
    w.boxed(b"ftyp", |w| {
        w.bytes(b"iso6").u32(0).bytes(b"iso6").bytes(b"cmfc").bytes(b"mp41");
    });
    let rate_hz = stream.spec.rate.hz();
    w.boxed(b"moov", |w| {
        w.full(b"mvhd", 0, 0, |w| {
            w.u32(0).u32(0).u32(rate_hz).u32(0); // made, changed, time scale, duration not known
            w.u32(0x0001_0000).u16(0x0100).zeros(10);
            unity_matrix(w);
            w.zeros(24).u32(TRACK + 1);
        });
        w.boxed(b"trak", |w| track(w, stream));
        w.boxed(b"mvex", |w| {
            w.full(b"trex", 0, 0, |w| {
                w.u32(TRACK).u32(1).u32(stream.packet_frames).u32(0).u32(SYNC_SAMPLE);
            });
        });
    });
    w.into_bytes()
}

/// What `CODECS` says of a stream (RFC 6381; for FLAC the sample entry's code, as its mapping to ISO files says).
pub(crate) const fn codecs(stream: &EncodedStream) -> &'static str {
    match stream.config {
        CodecConfig::AacLc => "mp4a.40.2",
        CodecConfig::Flac(_) => "fLaC",
    }
}

fn unity_matrix(w: &mut Writer) {
    for value in [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000] {
        w.u32(value);
    }
}

fn track(w: &mut Writer, stream: &EncodedStream) {
    // Enabled, in the movie, in the preview.
    w.full(b"tkhd", 0, 7, |w| {
        w.u32(0).u32(0).u32(TRACK).u32(0).u32(0).zeros(8).u16(0).u16(0).u16(0x0100).u16(0);
        unity_matrix(w);
        w.u32(0).u32(0);
    });
    if stream.priming_frames > 0 {
        w.boxed(b"edts", |w| {
            w.full(b"elst", 0, 0, |w| {
                // Duration 0 in a fragmented file: all that follows (ISO/IEC 14496-12, 8.6.6.1).
                w.u32(1).u32(0).u32(stream.priming_frames).u16(1).u16(0);
            });
        });
    }
    w.boxed(b"mdia", |w| {
        w.full(b"mdhd", 0, 0, |w| {
            w.u32(0).u32(0).u32(stream.spec.rate.hz()).u32(0);
            w.u16(UNDETERMINED).u16(0);
        });
        w.full(b"hdlr", 0, 0, |w| {
            w.u32(0).bytes(b"soun").zeros(12).bytes(b"sound\0");
        });
        w.boxed(b"minf", |w| {
            w.full(b"smhd", 0, 0, |w| {
                w.u16(0).u16(0);
            });
            w.boxed(b"dinf", |w| {
                w.full(b"dref", 0, 0, |w| {
                    w.u32(1).full(b"url ", 0, 1, |_| {});
                });
            });
            w.boxed(b"stbl", |w| {
                w.full(b"stsd", 0, 0, |w| {
                    w.u32(1);
                    sample_entry(w, stream);
                });
                for empty in [b"stts", b"stsc", b"stco"] {
                    w.full(empty, 0, 0, |w| {
                        w.u32(0);
                    });
                }
                w.full(b"stsz", 0, 0, |w| {
                    w.u32(0).u32(0);
                });
            });
        });
    });
}

/// The language code `und`, five bits a letter.
const UNDETERMINED: u16 = 0x55c4;

fn sample_entry(w: &mut Writer, stream: &EncodedStream) {
    let spec = stream.spec;
    let (kind, bits) = match &stream.config {
        CodecConfig::AacLc => (b"mp4a", 16),
        CodecConfig::Flac(info) => (b"fLaC", u16::from((info[12] & 1) << 4 | info[13] >> 4) + 1),
    };
    w.boxed(kind, |w| {
        w.zeros(6).u16(1).zeros(8);
        w.u16(spec.channels() as u16).u16(bits).u32(0).u32(entry_rate_hz(spec) << 16);
        match &stream.config {
            CodecConfig::AacLc => {
                w.full(b"esds", 0, 0, |w| elementary_stream(w, stream));
            }
            CodecConfig::Flac(info) => {
                w.full(b"dfLa", 0, 0, |w| {
                    w.bytes(&[0x80, 0, 0, 34]).bytes(info);
                });
            }
        }
    });
}

/// The rate as far as the field holds it. Above, the largest whole part of it ("Encapsulation of FLAC in ISO Base Media File Format", 3.3.1); the stream information has the truth.
fn entry_rate_hz(spec: SampleSpec) -> u32 {
    let rate_hz = spec.rate.hz();
    (1..=16)
        .find(|part| rate_hz.is_multiple_of(*part) && rate_hz / part <= MAX_ENTRY_RATE_HZ)
        .map_or(MAX_ENTRY_RATE_HZ, |part| rate_hz / part)
}

/// The descriptors of an AAC stream (ISO/IEC 14496-1, 7.2.6; -3, 1.6.2.1; -14, 3.1.2).
fn elementary_stream(w: &mut Writer, stream: &EncodedStream) {
    let config = aac_config(stream.spec);
    let (peak, average) = (clamp_u32(stream.peak_bps), clamp_u32(stream.average_bps));
    let config_len = config.len() as u8;
    // Elementary stream 3 > decoder configuration 4 > decoder specific 5, then synchronisation 6.
    w.u8(3).u8(3 + 2 + 13 + 2 + config_len + 3).u16(0).u8(0);
    w.u8(4).u8(13 + 2 + config_len);
    w.u8(0x40).u8(0x15); // MPEG-4 audio; audio stream
    w.bytes(&[0, 0x18, 0]); // decoder buffer: 6,144 bytes
    w.u32(peak).u32(average);
    w.u8(5).u8(config_len).bytes(&config);
    w.u8(6).u8(1).u8(2);
}

fn clamp_u32(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The decoder configuration of AAC-LC. It says in so many words that there is no spectral band replication,
/// for at low rates decoders would otherwise have to guess.
fn aac_config(spec: SampleSpec) -> [u8; 5] {
    let rate_index = aac::index_of(spec);
    let channels = spec.channels() as u8;
    let object_and_rate = 2_u16 << 11 | u16::from(rate_index) << 7 | u16::from(channels) << 3;
    let [first, second] = object_and_rate.to_be_bytes();
    // Synchronisation word 0x2b7 (11 bits), object type 5 (5 bits), not present (1 bit).
    [first, second, 0x56, 0xe5, 0x00]
}

/// A segment: one movie fragment with its packets, beginning at that media time. `frames` are the packets'
/// durations together; the last packet's is cut (or all packets' own ones taken, if they fit).
pub(crate) fn segment(
    stream: &EncodedStream,
    number: u32,
    media_time: u64,
    packets: &[Packet],
    frames: u64,
) -> Vec<u8> {
    let all: u64 = packets.iter().map(|packet| u64::from(packet.frames)).sum();
    let surplus = u32::try_from(all.saturating_sub(frames)).unwrap_or(u32::MAX);
    let durations: Vec<u32> = packets
        .iter()
        .enumerate()
        .map(
            |(at, packet)| {
                if at + 1 == packets.len() { packet.frames.saturating_sub(surplus) } else { packet.frames }
            },
        )
        .collect();
    let alike = durations.iter().all(|duration| *duration == stream.packet_frames);
    let mut w = Writer::default();
    let head = fragment_bytes(packets.len(), alike) as u32;
    w.boxed(b"moof", |w| {
        w.full(b"mfhd", 0, 0, |w| {
            w.u32(number);
        });
        w.boxed(b"traf", |w| {
            // Offsets count from the fragment's first byte; the duration of a packet unless told otherwise.
            w.full(b"tfhd", 0, 0x02_0008, |w| {
                w.u32(TRACK).u32(stream.packet_frames);
            });
            w.full(b"tfdt", 1, 0, |w| {
                w.u64(media_time);
            });
            let flags = if alike { 0x201 } else { 0x301 };
            w.full(b"trun", 0, flags, |w| {
                w.u32(packets.len() as u32).u32(head + 8);
                for (packet, duration) in packets.iter().zip(&durations) {
                    if !alike {
                        w.u32(*duration);
                    }
                    w.u32(packet.bytes.len() as u32);
                }
            });
        });
    });
    debug_assert_eq!(w.len(), head as usize);
    w.boxed(b"mdat", |w| {
        for packet in packets {
            w.bytes(&packet.bytes);
        }
    });
    w.into_bytes()
}

/// Bytes of a movie fragment box: fixed parts, and four or eight bytes a packet.
const fn fragment_bytes(packets: usize, alike: bool) -> usize {
    8 + 16 + 8 + 20 + 20 + 20 + packets * if alike { 4 } else { 8 }
}
