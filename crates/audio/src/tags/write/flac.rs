//! Native FLAC (RFC 9639, section 8): the block of Vorbis comments is written again, every other byte stays.

use std::fs::File;

use fanfare_model::{Error, Result};

use super::{
    pieces::{Piece, Plan, malformed, refused},
    vorbis,
};
use crate::{
    Limits,
    probe::{AudioBytes, read_at},
};

const STREAM_INFO: u8 = 0;
const VORBIS_COMMENT: u8 = 4;
/// Most bytes in a block: its length has 24 bits.
const MAX_BLOCK: usize = (1 << 24) - 1;
/// Blocks in front of the frames.
const MAX_BLOCKS: usize = 10_000;

pub(super) fn plan(
    file: &File,
    audio: AudioBytes,
    fields: &[(&'static str, String)],
    limits: &Limits,
) -> Plan {
    if read_at(file, audio.start, 4)? != b"fLaC" {
        return Err(refused("a FLAC file without a head has no place for tags"));
    }
    let mut pieces = vec![Piece::Keep(0..audio.start + 4)];
    let mut at = audio.start + 4;
    let (mut comments, mut ended) = (None, false);
    for _ in 0..MAX_BLOCKS {
        let head = read_at(file, at, 4)?;
        let [flags, a, b, c] = head[..] else { break };
        let end = at + 4 + u64::from(u32::from_be_bytes([0, a, b, c]));
        if end > audio.end {
            break;
        }
        if flags & 0x7f == VORBIS_COMMENT {
            if comments.is_some() {
                return Err(malformed("it has more than one block of Vorbis comments"));
            }
            comments = Some(pieces.len());
            let length = end - at - 4;
            if length > limits.max_tag_bytes {
                return Err(Error::limit("tag_bytes", length, limits.max_tag_bytes));
            }
            let edited = vorbis::edit(&read_at(file, at + 4, length as usize)?, fields)?;
            pieces.push(Piece::New(block(flags, &edited)?));
        } else {
            pieces.push(Piece::Keep(at..end));
        }
        at = end;
        if flags & 0x80 != 0 {
            ended = true;
            break;
        }
    }
    if !ended {
        return Err(malformed("its metadata blocks do not end"));
    }
    if comments.is_none() {
        // Right behind the first block, which has to be the stream's description: so it is never the last.
        let first = read_at(file, audio.start + 4, 1)?;
        if first.first().is_none_or(|flags| flags & 0x7f != STREAM_INFO) {
            return Err(malformed("its first metadata block is not the stream's description"));
        }
        let new = block(first[0] & 0x80 | VORBIS_COMMENT, &vorbis::new(fields)?)?;
        pieces.insert(2, Piece::New(new));
        if first[0] & 0x80 != 0 {
            // It was the only one.
            let Piece::Keep(described) = pieces[1].clone() else { return Err(malformed("odd blocks")) };
            pieces.splice(
                1..2,
                [Piece::New(vec![STREAM_INFO]), Piece::Keep(described.start + 1..described.end)],
            );
        }
    }
    pieces.push(Piece::Keep(at..audio.end));
    Ok(pieces)
}

fn block(flags: u8, body: &[u8]) -> Result<Vec<u8>> {
    if body.len() > MAX_BLOCK {
        return Err(Error::limit("flac_block_bytes", body.len() as u64, MAX_BLOCK as u64));
    }
    let [_, a, b, c] = (body.len() as u32).to_be_bytes();
    Ok([&[flags, a, b, c][..], body].concat())
}
