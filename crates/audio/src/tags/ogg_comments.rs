//! The packets of comments in Ogg (RFC 3533): Vorbis, Opus (RFC 7845, section 5.2), Speex, and FLAC with its metadata blocks
//! (RFC 9639, section 10.1).

use std::fs::File;

use fanfare_model::{ErrorKind, Result};

use super::{
    fields::Collected,
    flac, vorbis_comments,
    write::ogg::{FIRST, Page},
};
use crate::probe::AudioBytes;

/// Pages that are looked at before and among those of the headers.
const MAX_PAGES: usize = 10_000;
/// Metadata blocks of one FLAC stream.
const MAX_BLOCKS: usize = 1_000;

/// How a codec's first packet begins, and its second.
const MAPPINGS: &[(&[u8], &[u8])] =
    &[(b"\x01vorbis", b"\x03vorbis"), (b"OpusHead", b"OpusTags"), (b"Speex   ", b""), (FLAC, b"")];
const FLAC: &[u8] = b"\x7fFLAC";

/// Reads the comments of the first stream of sound.
///
/// # Errors
/// I/O.
pub(super) fn read(file: &File, audio: AudioBytes, into: &mut Collected<'_>) -> Result<()> {
    let most = usize::try_from(into.limits.max_tag_bytes).unwrap_or(usize::MAX);
    let mut stream: Option<(u32, &[u8], &[u8])> = None;
    let (mut packet, mut packets, mut taken) = (Vec::new(), 0, 0_usize);
    let mut at = audio.start;
    for _ in 0..MAX_PAGES {
        if at >= audio.end {
            break;
        }
        let page = match Page::read(file, at) {
            Ok(page) => page,
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            Err(error) => {
                into.note(format!("the pages of the comments are damaged: {error}"));
                break;
            }
        };
        at += page.bytes.len() as u64;
        // Those of other streams count too.
        if at - audio.start > into.limits.max_tag_bytes.saturating_mul(2) {
            into.cut = true;
            break;
        }
        let bytes = &page.bytes[page.body..];
        if stream.is_none() && page.flags() & FIRST != 0 {
            let mapping = MAPPINGS.iter().find(|(head, _)| bytes.starts_with(head));
            stream = mapping.map(|(head, comments)| (page.serial(), *head, *comments));
        }
        let Some((_, head, start)) = stream.filter(|(serial, ..)| *serial == page.serial()) else { continue };
        let mut from = 0;
        for segment in page.segments() {
            let length = usize::from(*segment);
            packet.extend_from_slice(bytes.get(from..from + length).unwrap_or_default());
            from += length;
            taken += length;
            let is_over = taken > most;
            if length == 255 && !is_over {
                continue;
            }
            into.cut |= is_over;
            // The first packet is the codec's own.
            let go_on = packets == 0 || (head == FLAC && flac::block_in_packet(&packet, into));
            if packets > 0 && head != FLAC {
                match packet.strip_prefix(start) {
                    Some(comments) => vorbis_comments::read(comments, into),
                    None => into.note("the packet of the comments is not where it should be"),
                }
            }
            packets += 1;
            if !go_on || is_over || packets > MAX_BLOCKS {
                return Ok(());
            }
            packet.clear();
        }
    }
    if packets == 1 {
        into.note("the comments end early");
    }
    Ok(())
}
