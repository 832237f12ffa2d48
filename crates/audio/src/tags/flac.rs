//! Metadata blocks of FLAC (RFC 9639, section 8): comments and pictures.

use std::fs::File;

use fanfare_model::Result;

use super::{fields::Collected, header_fields::be32, vorbis_comments};
use crate::probe::{AudioBytes, read_at};

const VORBIS_COMMENT: u8 = 4;
const PICTURE: u8 = 6;
/// The highest kind of a block; above are the syncs of frames.
const MAX_KIND: u8 = 126;
/// Blocks in front of the frames.
const MAX_BLOCKS: usize = 10_000;
/// Blocks of comments that are read; there should be one.
const MAX_COMMENT_BLOCKS: usize = 4;

/// Reads the blocks of a native FLAC file.
///
/// # Errors
/// I/O.
pub(super) fn read(file: &File, audio: AudioBytes, into: &mut Collected<'_>) -> Result<()> {
    // Frames without a head have no blocks.
    if read_at(file, audio.start, 4)? != b"fLaC" {
        return Ok(());
    }
    let mut at = audio.start + 4;
    let mut comments = 0;
    for _ in 0..MAX_BLOCKS {
        // With the kind of a picture, should it be one.
        let head = read_at(file, at, 8)?;
        let [flags, a, b, c, ..] = head[..] else { break };
        let kind = flags & 0x7f;
        if kind > MAX_KIND {
            into.note("the metadata blocks do not end");
            break;
        }
        let length = u64::from(u32::from_be_bytes([0, a, b, c]));
        let end = at + 4 + length;
        let wanted = match kind {
            VORBIS_COMMENT => comments < MAX_COMMENT_BLOCKS,
            PICTURE => be32(&head, 4).is_some_and(|kind| into.wants_picture(kind)),
            _ => false,
        };
        if wanted && end > audio.end {
            into.note("a metadata block is longer than the file");
        }
        if wanted && length > into.limits.max_tag_bytes {
            into.cut = true;
        }
        if wanted {
            comments += usize::from(kind == VORBIS_COMMENT);
            let most = length.min(into.limits.max_tag_bytes);
            block(kind, &read_at(file, at + 4, most as usize)?, most < length, into);
        }
        at = end;
        if flags & 0x80 != 0 || at >= audio.end {
            break;
        }
    }
    Ok(())
}

/// Reads a block that is a packet of Ogg; whether another one follows.
pub(super) fn block_in_packet(packet: &[u8], into: &mut Collected<'_>) -> bool {
    let (Some(flags), Some(body)) = (packet.first(), packet.get(4..)) else { return false };
    let kind = flags & 0x7f;
    if kind <= MAX_KIND {
        block(kind, body, into.cut, into);
    }
    kind <= MAX_KIND && flags & 0x80 == 0
}

/// Reads a block, of which a limit may have cut off the end: half a picture is none.
fn block(kind: u8, body: &[u8], is_cut: bool, into: &mut Collected<'_>) {
    match kind {
        VORBIS_COMMENT => vorbis_comments::read(body, into),
        PICTURE if !is_cut => vorbis_comments::picture(body, into),
        _ => {}
    }
}
