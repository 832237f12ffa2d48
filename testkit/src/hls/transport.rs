//! Checks a ladder as MPEG transport stream: [`check`], by RFC 8216 and ISO/IEC 13818-1, without any code of the muxer.

use std::collections::BTreeMap;

use super::{
    Expected, Fetch,
    playlist::{self, Media, Stream},
    resolve, text, wrong_rates,
};

/// Bytes of a packet, and its first byte (ISO/IEC 13818-1, 2.4.3.2).
const PACKET_BYTES: usize = 188;
const SYNC_BYTE: u8 = 0x47;
/// The packets that say what is in the stream: program association and map tables begin there.
const ASSOCIATION: u16 = 0;

/// A variant as it was fetched.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its entry in the multivariant playlist.
    pub stream: Stream,
    /// Its playlist.
    pub media: Media,
    /// Its segments' bytes.
    pub segments: Vec<Vec<u8>>,
}

/// Fetches everything that a multivariant playlist of transport streams refers to; returns the variants and what is wrong.
pub fn check(start: &str, fetch: &mut Fetch<'_>, expected: Expected) -> (Vec<Variant>, Vec<String>) {
    let (mut variants, mut findings) = (Vec::new(), Vec::new());
    let streams = match text(start, fetch).and_then(|text| playlist::multivariant(&text)) {
        Ok(streams) => streams,
        Err(finding) => return (variants, vec![format!("{start}: {finding}")]),
    };
    for stream in streams {
        match variant(start, stream.clone(), fetch) {
            Ok(variant) => {
                let found = wrong(&variant, expected);
                findings.extend(found.into_iter().map(|found| format!("{}: {found}", stream.uri)));
                variants.push(variant);
            }
            Err(finding) => findings.push(format!("{}: {finding}", stream.uri)),
        }
    }
    (variants, findings)
}

fn variant(start: &str, stream: Stream, fetch: &mut Fetch<'_>) -> Result<Variant, String> {
    let page = resolve(start, &stream.uri);
    let media = playlist::media(&text(&page, fetch)?)?;
    let segments = media.segments.iter().map(|entry| fetch(&resolve(&page, &entry.uri)));
    let segments = segments.collect::<Result<_, _>>()?;
    Ok(Variant { stream, media, segments })
}

fn wrong(variant: &Variant, expected: Expected) -> Vec<String> {
    let Variant { stream, media, segments } = variant;
    let mut found = Vec::new();
    if !stream.codecs.starts_with("mp4a.40.") {
        found.push(format!("CODECS is {}, which no transport stream of ours carries", stream.codecs));
    }
    if media.map.is_some() || media.version < 3 || !media.complete {
        found.push(format!("EXT-X-MAP, a version below 3 or no end: {media:?}"));
    }
    let told: f64 = media.segments.iter().map(|entry| entry.seconds).sum();
    let frames = (told * f64::from(expected.rate_hz)).round() as u64;
    if frames != expected.frames {
        found.push(format!("the EXTINFs add up to {frames} frames, the track has {}", expected.frames));
    }
    for entry in media.segments.iter().filter(|entry| entry.seconds.round() as u64 > media.target_s) {
        found.push(format!("{} is longer than the target duration {}", entry.uri, media.target_s));
    }
    let mut counters = BTreeMap::new();
    for (bytes, entry) in segments.iter().zip(&media.segments) {
        found.extend(wrong_packets(bytes, &mut counters).map(|wrong| format!("{}: {wrong}", entry.uri)));
    }
    found.extend(wrong_rates(stream, media, segments));
    found
}

/// The first thing that is wrong with a segment's packets; their counters continue those of the segment before.
fn wrong_packets(bytes: &[u8], counters: &mut BTreeMap<u16, u8>) -> Option<String> {
    if bytes.is_empty() || !bytes.len().is_multiple_of(PACKET_BYTES) {
        return Some(format!("{} bytes are no whole packets", bytes.len()));
    }
    for (at, packet) in bytes.chunks(PACKET_BYTES).enumerate() {
        let pid = u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
        if packet[0] != SYNC_BYTE {
            return Some(format!("packet {at} begins with {:#04x}", packet[0]));
        }
        if at == 0 && pid != ASSOCIATION {
            return Some("it does not begin with a program association table".to_owned());
        }
        let counter = packet[3] & 15;
        let before = counters.insert(pid, counter);
        if before.is_some_and(|before| (before + 1) & 15 != counter) {
            return Some(format!("packet {at} of {pid:#x} has the counter {counter} after {before:?}"));
        }
    }
    None
}
