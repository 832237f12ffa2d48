//! MPEG transport stream (ISO/IEC 13818-1) for AAC variants, made of the stored CMAF segments.
//!
//! Purpose: players that know no fragmented MP4. A pure function of one segment: nothing is stored twice, and
//! any segment can be asked for first.
//!
//! Every segment begins with continuity counters at 0 and has a multiple of sixteen packets per stream, so the
//! next one goes on from there without knowing of this one. Times are presentation times plus one second; the
//! priming packet thereby lies before that second, for a transport stream has no edit list.

use fanfare_model::{Error, ErrorKind, Result, VariantFacts};

use super::unpack::unpack;
use crate::encode::adts;

const PACKET_BYTES: usize = 188;
const PAYLOAD_BYTES: usize = 184;
/// Continuity counters have four bits.
const COUNTER_PERIOD: usize = 16;
const PMT_PID: u16 = 0x1000;
const AUDIO_PID: u16 = 0x0100;
/// The stream type of AAC in ADTS (ISO/IEC 13818-1, table 2-34).
const ADTS_STREAM: u8 = 0x0f;
/// The stream id of the first audio stream.
const AUDIO_STREAM_ID: u8 = 0xc0;
/// Ticks of a time stamp per second.
const CLOCK_HZ: u64 = 90_000;
/// What presentation time 0 becomes: early packets must not be negative.
const EPOCH: u64 = CLOCK_HZ;
/// How long before its presentation a packet arrives, in ticks.
const LEAD: u64 = CLOCK_HZ / 10;
/// The longest a clock reference may be away from the next, in ticks: 100 ms (ISO/IEC 13818-1, 2.7.2).
const CLOCK_INTERVAL: u64 = CLOCK_HZ / 10;
/// Time stamps have 33 bits.
const TIME_MASK: u64 = (1 << 33) - 1;
/// The header of a packetized elementary stream packet, before the sound: start code, length, flags, one time stamp.
const PES_HEADER_BYTES: usize = 14;
/// Adaptation field with a clock reference: length, flags, six bytes.
const CLOCK_FIELD_BYTES: usize = 8;

/// A stored CMAF segment of an AAC variant as a transport stream.
///
/// # Errors
/// `Unsupported` for a variant that is not AAC, `Malformed` for bytes that are no segment of ours.
pub fn ts_segment(variant: &VariantFacts, segment: &[u8]) -> Result<Vec<u8>> {
    let rate_index = adts::rate_index(variant.sample_rate_hz);
    let (Some(rate_index), true) = (rate_index, variant.codecs.starts_with("mp4a.")) else {
        return Err(Error::new(ErrorKind::Unsupported, "a transport stream carries AAC only")
            .remedy("ask for the segment as CMAF (.m4s)"));
    };
    let channels = variant.channels.min(2) as u8;
    let unpacked = unpack(segment)?;
    let rate = u64::from(variant.sample_rate_hz);
    let packet_frames = u64::from(crate::encode::aac::PACKET_FRAMES);
    let per_pes = packets_per_pes(variant.sample_rate_hz);
    let mut parts = Vec::new();
    for (at, group) in unpacked.packets.chunks(per_pes).enumerate() {
        let media_time = unpacked.media_time + (at * per_pes) as u64 * packet_frames;
        // Media time less priming, shifted by a second first so that it stays positive.
        let frames = media_time + EPOCH / CLOCK_HZ * rate - u64::from(variant.priming_frames).min(rate);
        let pts = u64::try_from(u128::from(frames) * u128::from(CLOCK_HZ) / u128::from(rate)).unwrap_or(0);
        let mut payload = Vec::new();
        for packet in group {
            let header = adts::header(rate_index, channels, packet.len())
                .ok_or_else(|| Error::new(ErrorKind::Malformed, "a stored packet is too long for AAC"))?;
            payload.extend(header);
            payload.extend_from_slice(packet);
        }
        parts.push((pts, pes(pts, &payload)));
    }
    Ok(interleave(&parts))
}

/// Packets of AAC that follow one time stamp and one clock reference.
fn packets_per_pes(rate_hz: u32) -> usize {
    let packet_frames = u64::from(crate::encode::aac::PACKET_FRAMES);
    (CLOCK_INTERVAL * u64::from(rate_hz) / CLOCK_HZ / packet_frames).max(1) as usize
}

/// How many bytes [`ts_segment`] makes from packets of AAC; `packets` are their sizes in bytes.
pub(crate) fn ts_bytes(rate_hz: u32, packets: &[usize]) -> u64 {
    let groups = packets.chunks(packets_per_pes(rate_hz));
    let sound: usize = groups
        .map(|group| {
            let payload: usize = group.iter().map(|bytes| adts::HEADER_BYTES + bytes).sum();
            (PES_HEADER_BYTES + payload + CLOCK_FIELD_BYTES).div_ceil(PAYLOAD_BYTES)
        })
        .sum();
    let tables = if packets.is_empty() { 0 } else { 2 * COUNTER_PERIOD };
    ((sound.next_multiple_of(COUNTER_PERIOD) + tables) * PACKET_BYTES) as u64
}

/// The highest bit rate that an AAC variant can have as transport stream, in bits per second. `bps` is the rate of its CMAF
/// segments, and none of them is shorter than `segment_s`.
pub(crate) fn ts_rate_at_most(bps: u64, rate_hz: u32, segment_s: f64) -> u64 {
    let packets_per_s = f64::from(rate_hz) / f64::from(crate::encode::aac::PACKET_FRAMES);
    let groups_per_s = packets_per_s / packets_per_pes(rate_hz) as f64;
    let headers = packets_per_s * adts::HEADER_BYTES as f64
        + groups_per_s * (PES_HEADER_BYTES + CLOCK_FIELD_BYTES) as f64;
    // Each group may end with a packet that is nearly all padding; each segment has tables and is padded to a whole counter period.
    let around = groups_per_s + (3 * COUNTER_PERIOD) as f64 / segment_s + 1.0;
    let packets = (bps as f64 / 8.0 + headers) / PAYLOAD_BYTES as f64 + around;
    (packets * (PACKET_BYTES * 8) as f64).ceil() as u64
}

/// A packetized elementary stream packet with its time.
fn pes(pts: u64, payload: &[u8]) -> Vec<u8> {
    let pts = pts & TIME_MASK;
    let mut bytes = vec![0, 0, 1, AUDIO_STREAM_ID];
    let length = u16::try_from(payload.len() + 8).unwrap_or(0);
    bytes.extend(length.to_be_bytes());
    bytes.extend([0x80, 0x80, 5]); // marker; time of presentation only; five bytes of it
    bytes.push(0x21 | (pts >> 29 & 0x0e) as u8);
    bytes.extend((((pts >> 15 & 0x7fff) << 1 | 1) as u16).to_be_bytes());
    bytes.extend((((pts & 0x7fff) << 1 | 1) as u16).to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// All packets of a segment: tables sixteen times, spread over it, and the sound.
fn interleave(parts: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let packets_of = |pes: &[u8]| (pes.len() + CLOCK_FIELD_BYTES).div_ceil(PAYLOAD_BYTES);
    let all: usize = parts.iter().map(|(_, pes)| packets_of(pes)).sum();
    let mut out = Vec::with_capacity((all + 3 * COUNTER_PERIOD) * PACKET_BYTES);
    let (mut tables, mut counter) = (0, 0_u8);
    for (at, (pts, pes)) in parts.iter().enumerate() {
        while tables < COUNTER_PERIOD && tables * parts.len() <= at * COUNTER_PERIOD {
            table(&mut out, 0, tables as u8, &program_association());
            table(&mut out, PMT_PID, tables as u8, &program_map());
            tables += 1;
        }
        let last = at + 1 == parts.len();
        let fill = if last { all.next_multiple_of(COUNTER_PERIOD) - all } else { 0 };
        packets(&mut out, pes, pts.saturating_sub(LEAD), packets_of(pes) + fill, &mut counter);
    }
    while tables < COUNTER_PERIOD && !parts.is_empty() {
        table(&mut out, 0, tables as u8, &program_association());
        table(&mut out, PMT_PID, tables as u8, &program_map());
        tables += 1;
    }
    out
}

/// Splits a PES packet over exactly that many packets, the first with a clock reference.
fn packets(out: &mut Vec<u8>, pes: &[u8], clock: u64, count: usize, counter: &mut u8) {
    let mut rest = pes;
    for at in 0..count {
        let room = if at == 0 { PAYLOAD_BYTES - CLOCK_FIELD_BYTES } else { PAYLOAD_BYTES };
        // What must be left for the others, one byte each.
        let payload = rest.len().saturating_sub(count - at - 1).min(room);
        let (now, later) = rest.split_at(payload);
        rest = later;
        let start = if at == 0 { 0x40 } else { 0 };
        let [high, low] = AUDIO_PID.to_be_bytes();
        let field_bytes = PAYLOAD_BYTES - payload;
        let adaptation = if field_bytes > 0 { 0x30 } else { 0x10 };
        out.extend([0x47, start | high, low, adaptation | *counter]);
        *counter = (*counter + 1) % COUNTER_PERIOD as u8;
        adaptation_field(out, field_bytes, (at == 0).then_some(clock & TIME_MASK));
        out.extend_from_slice(now);
    }
}

/// An adaptation field of exactly that many bytes.
fn adaptation_field(out: &mut Vec<u8>, bytes: usize, clock: Option<u64>) {
    if bytes == 0 {
        return;
    }
    let end = out.len() + bytes;
    out.push((bytes - 1) as u8);
    if bytes > 1 {
        // Random access and clock, or nothing.
        out.push(if clock.is_some() { 0x50 } else { 0 });
    }
    if let Some(base) = clock {
        out.extend(((base >> 1) as u32).to_be_bytes());
        out.extend([(base << 7 & 0x80) as u8 | 0x7e, 0]);
    }
    out.resize(end, 0xff);
}

/// A table in a packet of its own.
fn table(out: &mut Vec<u8>, pid: u16, counter: u8, section: &[u8]) {
    let start = out.len();
    let [high, low] = pid.to_be_bytes();
    out.extend([0x47, 0x40 | high, low, 0x10 | counter, 0]);
    out.extend_from_slice(section);
    out.extend(crc32(section).to_be_bytes());
    out.resize(start + PACKET_BYTES, 0xff);
}

/// One program, described at [`PMT_PID`].
fn program_association() -> Vec<u8> {
    let [high, low] = (0xe000 | PMT_PID).to_be_bytes();
    vec![0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, high, low]
}

/// One stream of AAC, which carries the clock too.
fn program_map() -> Vec<u8> {
    let [high, low] = (0xe000 | AUDIO_PID).to_be_bytes();
    vec![0x02, 0xb0, 18, 0, 1, 0xc1, 0, 0, high, low, 0xf0, 0, ADTS_STREAM, high, low, 0xf0, 0]
}

/// The checksum of tables (ISO/IEC 13818-1, annex A).
fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            if crc >> 31 == 0 { crc << 1 } else { crc << 1 ^ 0x04c1_1db7 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_the_checksum_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0x0376_e6e7); // CRC-32/MPEG-2
    }

    #[test]
    fn sound_of_any_length_fills_whole_packets_and_a_whole_round_of_counters() {
        for sizes in [vec![30], vec![175, 176, 177], vec![400; 65], vec![183, 184, 185, 191, 192, 193]] {
            let parts: Vec<(u64, Vec<u8>)> = sizes
                .iter()
                .enumerate()
                .map(|(at, size)| (90_000 + at as u64 * 8_000, vec![at as u8; *size]))
                .collect();
            let bytes = interleave(&parts);
            assert_eq!(bytes.len() % PACKET_BYTES, 0);
            let (mut counters, mut sound) = (std::collections::BTreeMap::new(), Vec::new());
            for packet in bytes.chunks(PACKET_BYTES) {
                assert_eq!(packet[0], 0x47);
                let pid = u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
                let counter = counters.entry(pid).or_insert(0_u8);
                assert_eq!(packet[3] & 15, *counter % 16, "{pid:x}");
                *counter += 1;
                if pid == AUDIO_PID {
                    let field = if packet[3] & 0x20 != 0 { 1 + usize::from(packet[4]) } else { 0 };
                    sound.extend_from_slice(&packet[4 + field..]);
                }
            }
            assert!(counters.values().all(|count| count % 16 == 0), "{counters:?}");
            assert_eq!(counters.len(), 3);
            assert_eq!(sound, parts.concat_payloads());
        }
    }

    trait ConcatPayloads {
        fn concat_payloads(&self) -> Vec<u8>;
    }

    impl ConcatPayloads for Vec<(u64, Vec<u8>)> {
        fn concat_payloads(&self) -> Vec<u8> {
            self.iter().flat_map(|(_, pes)| pes.clone()).collect()
        }
    }
}
