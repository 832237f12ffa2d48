//! The packets of a segment that [`cmaf`](super::cmaf) made.
//!
//! Only what is written there is read: one movie fragment, one run, sizes per packet. The bytes come from
//! our own store and are still checked: a length that leads outside is an error.

use fanfare_model::{Error, ErrorKind, Result};

/// The packets of a segment and the media time of the first.
pub(super) struct Unpacked<'a> {
    pub media_time: u64,
    pub packets: Vec<&'a [u8]>,
}

/// Takes a segment apart.
///
/// # Errors
/// `Malformed` for anything that is no segment of ours.
pub(super) fn unpack(segment: &[u8]) -> Result<Unpacked<'_>> {
    read(segment).ok_or_else(|| Error::new(ErrorKind::Malformed, "a stored segment is damaged"))
}

fn read(segment: &[u8]) -> Option<Unpacked<'_>> {
    let traf = child(child(segment, b"moof")?, b"traf")?;
    let time = child(traf, b"tfdt")?.get(4..12)?;
    let run = child(traf, b"trun")?;
    let flags = u32_at(run, 0)? & 0x00ff_ffff;
    // Count and offset; then a duration (where flagged) and a size per packet.
    let step = if flags & 0x100 != 0 { 8 } else { 4 };
    let sizes = run.get(12..)?.chunks_exact(step).map(|entry| u32_at(entry, step - 4));
    let mut rest = child(segment, b"mdat")?;
    let mut packets = Vec::new();
    for size in sizes.take(u32_at(run, 4)? as usize) {
        let (packet, behind) = rest.split_at_checked(size? as usize)?;
        packets.push(packet);
        rest = behind;
    }
    (packets.len() == u32_at(run, 4)? as usize).then_some(())?;
    Some(Unpacked { media_time: u64::from_be_bytes(time.try_into().ok()?), packets })
}

fn child<'a>(mut boxes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    loop {
        let length = u32_at(boxes, 0)? as usize;
        let found = boxes.get(4..8)? == kind;
        let (this, behind) = boxes.split_at_checked(length.max(8))?;
        if found {
            return this.get(8..);
        }
        boxes = behind;
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}
