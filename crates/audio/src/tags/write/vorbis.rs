//! Vorbis comments ("Ogg Vorbis I format specification: comment field and header specification") as bytes.

use fanfare_model::Result;

use super::{pieces::malformed, values::is_among};

/// Comments in one header; more are not read.
const MAX_COMMENTS: u32 = 100_000;

/// The comments with those fields in place of all of the same names: every other comment as it was, in its order,
/// and whatever stands behind the list.
pub(super) fn edit(comments: &[u8], fields: &[(&'static str, String)]) -> Result<Vec<u8>> {
    let damaged = || malformed("its Vorbis comments are damaged");
    let vendor = le32(comments, 0).ok_or_else(damaged)?;
    let list = 4 + vendor as usize;
    let count = le32(comments, list).filter(|count| *count <= MAX_COMMENTS).ok_or_else(damaged)?;
    let mut kept = Vec::with_capacity(comments.len() + 512);
    let mut left = 0_u32;
    let mut at = list + 4;
    for _ in 0..count {
        let length = le32(comments, at).ok_or_else(damaged)? as usize;
        let end = at.checked_add(4 + length).ok_or_else(damaged)?;
        let comment = comments.get(at + 4..end).ok_or_else(damaged)?;
        let name = comment.split(|byte| *byte == b'=').next().unwrap_or_default();
        if !is_among(name, fields) {
            kept.extend_from_slice(&comments[at..end]);
            left += 1;
        }
        at = end;
    }
    let mut edited = comments.get(..list).ok_or_else(damaged)?.to_vec();
    edited.extend((left + fields.len() as u32).to_le_bytes());
    edited.extend(kept);
    for (name, value) in fields {
        let comment = format!("{name}={value}");
        edited.extend((comment.len() as u32).to_le_bytes());
        edited.extend(comment.as_bytes());
    }
    edited.extend(comments.get(at..).ok_or_else(damaged)?);
    Ok(edited)
}

/// A header of nothing but those fields.
pub(super) fn new(fields: &[(&'static str, String)]) -> Result<Vec<u8>> {
    edit(&[0; 8], fields)
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}
