//! The padding at the end of a Matroska file (RFC 9559: `DiscardPadding`), which Symphonia does not tell.

use std::fs::File;

use fanfare_model::Result;

use crate::{
    ebml::{SEGMENT, Walk},
    probe::AudioBytes,
};

const CLUSTER: u64 = 0x1f43_b675;
const BLOCK_GROUP: u64 = 0xa0;
const SIMPLE_BLOCK: u64 = 0xa3;
const DISCARD_PADDING: u64 = 0x75a2;

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
