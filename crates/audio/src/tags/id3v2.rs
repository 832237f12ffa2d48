//! ID3v2 tags of versions 2.2 to 2.4 (id3.org: "ID3 tag version 2", "2.3.0", "2.4.0 main structure" and "native frames").
//!
//! What does not follow them and is read all the same, because much music is tagged so: frame sizes of eight bits in 2.4
//! (old versions of iTunes), names of 2.2 in 2.3, several frames of a text that may stand there once, a flag for an
//! extended header without one. A damaged frame costs that frame: the next one whose name is known is looked for.

use std::borrow::Cow;

use super::{fields::Collected, id3v2_frames as frames};

/// Bytes of the tag's header.
pub(super) const HEADER: usize = 10;
const UNSYNCHRONISED: u8 = 0x80;
/// In 2.2, that the tag is packed in a way that nobody defined; later, that an extended header follows.
const EXTENDED: u8 = 0x40;
/// Frames in one tag.
const MAX_FRAMES: usize = 10_000;

/// A frame as it lies in its tag.
struct Raw<'a> {
    id: [u8; 4],
    flags: u8,
    body: &'a [u8],
    /// Where the next one is.
    next: usize,
}

/// The shape of a tag.
#[derive(Clone, Copy)]
struct Shape {
    version: u8,
    /// Whether sizes in 2.4 have eight bits a byte.
    plain_sizes: bool,
}

/// Reads a tag with its header, of which the end may be missing.
pub(super) fn read(tag: &[u8], into: &mut Collected<'_>) {
    let (Some(head), Some(body)) = (tag.get(..HEADER), tag.get(HEADER..)) else { return };
    let (version, flags) = (head[3], head[5]);
    if !(2..=4).contains(&version) || (version == 2 && flags & EXTENDED != 0) {
        into.note(format!("an ID3v2 tag of version 2.{version} with flags {flags:#04x} is not known"));
        return;
    }
    // Before 2.4 the zeros that hide false frame syncs are put in over all frames; in 2.4 into each.
    let body = if flags & UNSYNCHRONISED != 0 && version < 4 {
        Cow::Owned(synchronise(body))
    } else {
        Cow::Borrowed(body)
    };
    let mut at = if flags & EXTENDED != 0 { extended_header(version, &body) } else { 0 };
    let shape = Shape { version, plain_sizes: version == 4 && has_plain_sizes(&body, at) };
    for _ in 0..MAX_FRAMES {
        let Some(first) = body.get(at).filter(|first| **first != 0) else { return };
        if (flags & 0x10 != 0 && *first == b'3') || body.len() - at < frame_header(version) {
            return; // the footer, or padding of something else than zeros
        }
        match frame_at(shape, &body, at) {
            Some(frame) => {
                at = frame.next;
                take(shape, flags & UNSYNCHRONISED != 0, &frame, into);
            }
            None => {
                let next = (at + 1..body.len()).find(|next| {
                    frame_at(shape, &body, *next).is_some_and(|frame| frames::is_known(&frame.id))
                });
                // The frame that a limit cuts off is not damaged.
                if !into.cut || next.is_some() {
                    into.note("a damaged frame of the ID3v2 tag was left out");
                }
                let Some(next) = next else { return };
                at = next;
            }
        }
    }
}

/// Bytes of the extended header. Some programs set its flag and write none: then a frame stands there.
fn extended_header(version: u8, body: &[u8]) -> usize {
    let Some(size) = body.get(..4).filter(|size| !is_id(size)) else { return 0 };
    // In 2.3 the size leaves itself out (section 3.2), in 2.4 it does not (section 3.2 there).
    if version == 3 { 4_usize.saturating_add(number(size, 8)) } else { number(size, 7).max(6) }
}

const fn frame_header(version: u8) -> usize {
    if version == 2 { 6 } else { 10 }
}

fn frame_at(shape: Shape, body: &[u8], at: usize) -> Option<Raw<'_>> {
    let start = at + frame_header(shape.version);
    let head = body.get(at..start)?;
    let (id, size, flags) = if shape.version == 2 {
        ([head[0], head[1], head[2], 0], number(&head[3..6], 8), 0)
    } else {
        let seven = shape.version == 4 && !shape.plain_sizes;
        if seven && head[4..8].iter().any(|byte| *byte > 0x7f) {
            return None;
        }
        ([head[0], head[1], head[2], head[3]], number(&head[4..8], if seven { 7 } else { 8 }), head[9])
    };
    let next = start.checked_add(size)?;
    is_id(&id).then_some(())?;
    Some(Raw { id, flags, body: body.get(start..next)?, next })
}

/// Whether those bytes can be a frame's name; three letters are one in 2.2, and with a zero or space behind in 2.3 too.
fn is_id(id: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    id[..3].iter().all(is_letter) && id.get(3).is_none_or(|last| is_letter(last) || matches!(last, 0 | b' '))
}

/// Whether frames follow each other by sizes of eight bits and not by sizes of seven.
fn has_plain_sizes(body: &[u8], start: usize) -> bool {
    let walk = |plain_sizes: bool| {
        let (mut at, mut count) = (start, 0);
        while let Some(frame) = frame_at(Shape { version: 4, plain_sizes }, body, at) {
            at = frame.next;
            count += 1;
        }
        let ends_well = body.get(at).is_none_or(|byte| *byte == 0) || body[at..].starts_with(b"3DI");
        (ends_well, count)
    };
    walk(true) > walk(false)
}

/// Undoes what the frame's flags say, and reads it.
fn take(shape: Shape, tag_is_unsynchronised: bool, frame: &Raw<'_>, into: &mut Collected<'_>) {
    if !frames::is_known(&frame.id) {
        return;
    }
    let flag = |in_3: u8, in_4: u8| match shape.version {
        3 => frame.flags & in_3 != 0,
        4 => frame.flags & in_4 != 0,
        _ => false,
    };
    let (packed, encrypted, grouped) = (flag(0x80, 0x08), flag(0x40, 0x04), flag(0x20, 0x40));
    // In front: in 2.3 the size when unpacked, the cipher, the group (3.3.1); in 2.4 the group, the cipher, a size (4.1).
    let mut skipped = usize::from(grouped);
    skipped += if (shape.version == 3 && packed) || flag(0, 0x01) { 4 } else { 0 };
    let Some(body) = frame.body.get(skipped..).filter(|_| !encrypted) else {
        into.note("an encrypted or damaged frame of the ID3v2 tag was left out");
        return;
    };
    let mut body = Cow::Borrowed(body);
    let is_unsynchronised = flag(0, 0x02) || (shape.version == 4 && tag_is_unsynchronised);
    // Some programs set the flag and put no zeros in.
    if is_unsynchronised && !body.windows(2).any(|pair| pair[0] == 0xff && pair[1] >= 0xe0) {
        body = Cow::Owned(synchronise(&body));
    }
    if packed {
        let most = into.limits.max_tag_bytes;
        match unpack(&body, most) {
            Some(unpacked) if unpacked.len() as u64 <= most => body = Cow::Owned(unpacked),
            unpacked => {
                into.cut |= unpacked.is_some();
                into.note("a packed frame of the ID3v2 tag is damaged or too large, and was left out");
                return;
            }
        }
    }
    if !frames::read(&frame.id, &body, into) {
        let name = String::from_utf8_lossy(&frame.id);
        into.note(format!(
            "the frame {} of the ID3v2 tag is damaged and was left out",
            name.trim_end_matches('\0')
        ));
    }
}

/// Unpacks a zlib stream (RFC 1950), to one byte more than the limit at most; `None` when it is damaged.
fn unpack(packed: &[u8], most: u64) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let mut unpacked = Vec::new();
    let mut stream = flate2::read::ZlibDecoder::new(packed).take(most.saturating_add(1));
    stream.read_to_end(&mut unpacked).ok().map(|_| unpacked)
}

/// Takes out the zero behind each 0xff (2.4, section 6.1).
fn synchronise(bytes: &[u8]) -> Vec<u8> {
    let mut last = 0;
    bytes
        .iter()
        .copied()
        .filter(|byte| {
            let hidden = last == 0xff && *byte == 0;
            last = *byte;
            !hidden
        })
        .collect()
}

/// A number of so many bits a byte.
fn number(bytes: &[u8], bits: u32) -> usize {
    bytes.iter().fold(0, |number, byte| number << bits | usize::from(*byte))
}
