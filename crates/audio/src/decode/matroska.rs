//! What Symphonia does not tell of a Matroska file (RFC 9559), and the way behind damage: [`end_padding_ns`], [`Clusters`].
//!
//! Why: its demuxer stops for good where an element makes no sense, and does not open a file whose index is cut off. Every
//! cluster says its own time, so sound goes on at the next one.

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
/// Elements that name places in the file, which a shortened file does not have; and filling.
const PLACES: [u64; 3] = [0x114d_9b74, 0x1c53_bb6b, 0xec];
/// The most bytes in front of the first cluster that are kept: pictures lie there.
const MAX_HEAD_BYTES: u64 = 32 << 20;
/// Bytes that are searched for a cluster in one read.
const SEARCH_BYTES: usize = 1 << 20;
/// A cluster's identifier, its length, a checksum (RFC 8794, section 11.3.1), and its timestamp, which comes first of its own
/// elements (RFC 9559, section 5.1.3.1).
const CLUSTER_HEAD_BYTES: usize = 4 + 8 + 6 + 10;
const CHECKSUM: [u8; 2] = [0xbf, 0x84];

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

/// The clusters of a file, and a head with which a demuxer can begin at each of them.
#[derive(Debug, Clone)]
pub(super) struct Clusters {
    /// The file's elements in front of the first cluster, in a segment of unknown length.
    pub head: Vec<u8>,
    /// Offset of the first cluster.
    pub first: u64,
    /// Bytes that the segment declares beyond the end of the file.
    pub missing_bytes: u64,
}

impl Clusters {
    /// Those of a file; `None` without a cluster or with more in front of it than is kept.
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
        let (mut kept, mut first) = (Vec::new(), None);
        let mut at = segment.start;
        walk.children(segment.clone(), |(id, body)| {
            if id == CLUSTER {
                first = Some(at);
                return false;
            }
            at = body.end;
            if !PLACES.contains(&id) {
                kept.push((id, body));
            }
            true
        })?;
        let Some(first) = first.filter(|first| first - audio.start <= MAX_HEAD_BYTES) else {
            return Ok(None);
        };
        let mut head = Vec::new();
        for element in top {
            put(file, &mut head, element)?;
        }
        head.extend([0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        for element in kept {
            put(file, &mut head, element)?;
        }
        let declared = declared_end(file, segment.start)?;
        let missing_bytes = declared.map_or(0, |end| end.saturating_sub(audio.end));
        Ok(Some(Self { head, first, missing_bytes }))
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
