//! What Symphonia does not tell of a Matroska file (RFC 9559), and the way behind damage: [`end_padding_ns`], [`declared_s`],
//! [`Clusters`].
//!
//! Why: its demuxer stops permanently where an element makes no sense, and does not open a file whose index is cut off or
//! damaged. So it gets the tracks and the clusters only. Every cluster says its own time, so sound goes on at the next one.

use std::fs::File;

use fanfare_model::Result;

use crate::{
    ebml::{Element, SEGMENT, Walk, number},
    probe::{AudioBytes, read_at},
};

const CLUSTER: u64 = 0x1f43_b675;
const CLUSTER_ID: [u8; 4] = [0x1f, 0x43, 0xb6, 0x75];
const TIMESTAMP: u64 = 0xe7;
const BLOCK_GROUP: u64 = 0xa0;
const SIMPLE_BLOCK: u64 = 0xa3;
const DISCARD_PADDING: u64 = 0x75a2;
const INFO: u64 = 0x1549_a966;
const TICK_NS: u64 = 0x002a_d7b1;
const DURATION: u64 = 0x4489;
const TRACKS: u64 = 0x1654_ae6b;
const TRACK_ENTRY: u64 = 0xae;
const TRACK_TYPE: u64 = 0x83;
const TRACK_UID: u64 = 0x73c5;
const TAGS: u64 = 0x1254_c367;
const TAG: u64 = 0x7373;
const TARGETS: u64 = 0x63c0;
const TAG_TRACK_UID: u64 = 0x63c5;
const SIMPLE_TAG: u64 = 0x67c8;
const TAG_NAME: u64 = 0x45a3;
const TAG_STRING: u64 = 0x4487;
/// Bytes of the information about the file or its tracks: codec headers lie there.
const MAX_PART_BYTES: u64 = 4 << 20;
/// Tracks and tags that are looked at.
const MOST: usize = 500;
/// Bytes that are searched for a cluster in one read.
const SEARCH_BYTES: usize = 1 << 20;
/// A cluster's identifier, its length, a checksum (RFC 8794, section 11.3.1), and its timestamp, which comes first of its own
/// elements (RFC 9559, section 5.1.3.1).
const CLUSTER_HEAD_BYTES: usize = 4 + 8 + 6 + 10;
const CHECKSUM: [u8; 2] = [0xbf, 0x84];
/// An unknown length of eight bytes (RFC 8794, section 6.2).
const UNKNOWN: u64 = 0x01ff_ffff_ffff_ffff;

/// Nanoseconds to drop from the end of the last packet; 0 where nothing is told.
///
/// # Errors
/// I/O only: a damaged structure tells nothing.
pub(super) fn end_padding_ns(file: &File, audio: AudioBytes) -> Result<u64> {
    let mut walk = Walk::new(file);
    let Some((_, segment)) = walk.last(audio.start..audio.end, |id| id == SEGMENT)? else { return Ok(0) };
    let Some((_, cluster)) = walk.last(segment, |id| id == CLUSTER)? else { return Ok(0) };
    let Some((BLOCK_GROUP, group)) = walk.last(cluster, |id| id == BLOCK_GROUP || id == SIMPLE_BLOCK)? else {
        return Ok(0);
    };
    let bytes = walk.bytes(group, DISCARD_PADDING, 8)?.unwrap_or_default();
    let value = bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    // Signed; a negative padding would be at the start of the block.
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    Ok(if negative { 0 } else { value })
}

/// How long the first sound track is, in seconds, as the file says: by the track's own statistics, else by the length of the
/// file where there is no other track (that of a film is the length of its pictures).
///
/// # Errors
/// I/O only.
pub(crate) fn declared_s(file: &File, audio: AudioBytes) -> Result<Option<f64>> {
    let mut walk = Walk::new(file);
    let Some(segment) = walk.all(audio.start..audio.end, SEGMENT, 1)?.pop() else { return Ok(None) };
    let (mut info, mut tracks, mut tags) = (None, None, Vec::new());
    walk.children(segment, |(id, body)| {
        match id {
            INFO => info = info.take().or(Some(body)),
            TRACKS => tracks = tracks.take().or(Some(body)),
            TAGS => tags.push(body),
            _ => {}
        }
        tags.len() < MOST
    })?;
    let Some(tracks) = tracks else { return Ok(None) };
    let entries = walk.all(tracks, TRACK_ENTRY, MOST)?;
    let (alone, mut uid) = (entries.len() == 1, None);
    for entry in entries {
        if walk.bytes(entry.clone(), TRACK_TYPE, 8)?.is_some_and(|kind| whole(&kind) == 2) {
            uid = walk.bytes(entry, TRACK_UID, 8)?.map(|uid| whole(&uid));
            break;
        }
    }
    if let Some(info) = info.filter(|_| alone) {
        let ticks = match walk.bytes(info.clone(), DURATION, 8)? {
            Some(bytes) if bytes.len() == 4 => f64::from(f32::from_bits(whole(&bytes) as u32)),
            Some(bytes) => f64::from_bits(whole(&bytes)),
            None => 0.0,
        };
        let tick_ns = walk.bytes(info, TICK_NS, 8)?.map_or(1_000_000, |bytes| whole(&bytes));
        return Ok(Some(ticks * tick_ns as f64 / 1e9).filter(|seconds| seconds.is_finite() && *seconds > 0.0));
    }
    for tag in tags {
        for tag in walk.all(tag, TAG, MOST)? {
            let Some(targets) = walk.all(tag.clone(), TARGETS, 1)?.pop() else { continue };
            if walk.bytes(targets, TAG_TRACK_UID, 8)?.map(|uid| whole(&uid)) != uid {
                continue;
            }
            for simple in walk.all(tag, SIMPLE_TAG, MOST)? {
                if walk.text(simple.clone(), TAG_NAME, 64)?.as_deref() == Some("DURATION") {
                    return Ok(walk.text(simple, TAG_STRING, 64)?.and_then(|text| clock_s(&text)));
                }
            }
        }
    }
    Ok(None)
}

/// Seconds of a time as `00:03:25.123000000`.
fn clock_s(text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    for part in text.trim().split(':') {
        seconds = seconds * 60.0 + part.parse::<f64>().ok()?;
    }
    Some(seconds).filter(|seconds| seconds.is_finite() && *seconds > 0.0)
}

/// A whole number as EBML writes it.
fn whole(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The clusters of a file, and a head with which a demuxer can begin at each of them.
#[derive(Debug, Clone)]
pub(super) struct Clusters {
    /// What stands in front of the segment.
    top: Vec<u8>,
    /// The elements of the segment that a demuxer needs.
    kept: Vec<u8>,
    /// Offset of the first cluster.
    pub first: u64,
    /// Where the segment ends: what follows is no part of the file's sound.
    pub end: u64,
    /// Bytes that the segment declares beyond the end of the file.
    pub missing_bytes: u64,
    /// Whether the last element goes on behind the end of the file.
    open_ended: bool,
}

impl Clusters {
    /// Those of a file; `None` without a cluster, or without a description of the tracks in front of it.
    ///
    /// # Errors
    /// I/O only.
    pub(super) fn of(file: &File, audio: AudioBytes) -> Result<Option<Self>> {
        let mut walk = Walk::new(file);
        let mut top = Vec::new();
        walk.children(audio.start..audio.end, |element| {
            top.push(element);
            top.last().is_some_and(|(id, _)| *id != SEGMENT) && top.len() < 8
        })?;
        let Some((SEGMENT, segment)) = top.pop() else { return Ok(None) };
        let (mut wanted, mut first) = (Vec::new(), None);
        let mut at = segment.start;
        walk.children(segment.clone(), |(id, body)| {
            if id == CLUSTER {
                first = Some(at);
                return false;
            }
            at = body.end;
            if matches!(id, INFO | TRACKS) && body.end - body.start <= MAX_PART_BYTES {
                wanted.push((id, body));
            }
            true
        })?;
        let Some(first) =
            first.filter(|_| [INFO, TRACKS].iter().all(|id| wanted.iter().any(|part| part.0 == *id)))
        else {
            return Ok(None);
        };
        let (mut front, mut kept) = (Vec::new(), Vec::new());
        for element in top.into_iter().filter(|(_, body)| body.end - body.start <= MAX_PART_BYTES) {
            put(file, &mut front, element)?;
        }
        for element in wanted {
            put(file, &mut kept, element)?;
        }
        let declared = declared_end(file, segment.start)?;
        let missing_bytes = declared.map_or(0, |end| end.saturating_sub(audio.end));
        let mut end = declared.map_or(audio.end, |end| end.min(audio.end));
        let goes_on = read_at(file, end, 4)? == CLUSTER_ID
            || (end < audio.end && ends_inside_an_element(file, first, end)?);
        if goes_on {
            // The length is wrong: clusters go on behind it, as where a piece of the file was put in twice.
            end = audio.end;
        }
        let open_ended = missing_bytes > 0
            || ((declared.is_none() || goes_on) && ends_inside_an_element(file, first, end)?);
        Ok(Some(Self { top: front, kept, first, end, missing_bytes, open_ended }))
    }

    /// What a demuxer gets in front of the bytes of the file from that offset to the end of the segment.
    pub(super) fn head(&self, from: u64) -> Vec<u8> {
        let mut head = self.top.clone();
        head.extend(SEGMENT.to_be_bytes().into_iter().skip(4));
        // The demuxer does not look into an element that is longer than the segment, and takes the end of a segment of unknown
        // length for a cut.
        let length = self.kept.len() as u64 + self.end.saturating_sub(from);
        head.extend(if self.open_ended { UNKNOWN } else { (1 << 56) | length }.to_be_bytes());
        head.extend(&self.kept);
        head
    }

    /// The offset of the first cluster from an offset on whose timestamp (in ticks of the segment) is later than that.
    ///
    /// # Errors
    /// I/O only.
    pub(super) fn next(file: &File, from: u64, end: u64, later_than: u64) -> Result<Option<u64>> {
        let mut at = from;
        while at < end {
            let bytes =
                read_at(file, at, SEARCH_BYTES.min(usize::try_from(end - at).unwrap_or(SEARCH_BYTES)))?;
            let found = bytes.windows(4).enumerate().filter(|(_, window)| *window == CLUSTER_ID);
            for (place, _) in found {
                let place = at + place as u64;
                let head = read_at(file, place, CLUSTER_HEAD_BYTES)?;
                if timestamp(&head).is_some_and(|time| time > later_than) {
                    return Ok(Some(place));
                }
            }
            // An identifier may lie across two reads.
            at += (bytes.len() as u64).saturating_sub(3).max(1);
            if bytes.len() < 4 {
                break;
            }
        }
        Ok(None)
    }
}

/// Whether the elements from that offset on do not end where the file does.
fn ends_inside_an_element(file: &File, first: u64, end: u64) -> Result<bool> {
    let mut last = end;
    Walk::new(file).children(first..u64::MAX, |(_, body)| {
        // One of unknown length ends with the file.
        last = if body.end == u64::MAX { end } else { body.end };
        last < end
    })?;
    Ok(last != end)
}

/// The timestamp of a cluster that begins with those bytes.
fn timestamp(head: &[u8]) -> Option<u64> {
    let rest = head.get(4..)?;
    let (_, size_bytes) = number(rest, 8, true)?;
    let rest = rest.get(size_bytes..)?;
    let rest = if rest.starts_with(&CHECKSUM) { rest.get(6..)? } else { rest };
    let (id, id_bytes) = number(rest, 4, false)?;
    let rest = rest.get(id_bytes..).filter(|_| id == TIMESTAMP)?;
    let (length, length_bytes) = number(rest, 8, true)?;
    let value =
        rest.get(length_bytes..)?.get(..usize::try_from(length).ok().filter(|length| *length <= 8)?)?;
    Some(value.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// Copies an element.
fn put(file: &File, into: &mut Vec<u8>, (id, body): Element) -> Result<()> {
    let length = body.end - body.start;
    into.extend(id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0));
    into.extend(((1 << 56) | length).to_be_bytes());
    into.extend(read_at(file, body.start, usize::try_from(length).unwrap_or(0))?);
    Ok(())
}

/// Where a segment whose body begins there says that it ends; `None` where it says nothing.
fn declared_end(file: &File, body: u64) -> Result<Option<u64>> {
    for size_bytes in 1..=8_u64 {
        let Some(start) = body.checked_sub(size_bytes + 4) else { break };
        let head = read_at(file, start, 12)?;
        if head.starts_with(&[0x18, 0x53, 0x80, 0x67])
            && let Some((size, length)) = number(head.get(4..).unwrap_or_default(), 8, true)
            && length as u64 == size_bytes
        {
            let unknown = size == (1 << (7 * length)) - 1;
            return Ok((!unknown).then(|| body.saturating_add(size)));
        }
    }
    Ok(None)
}
