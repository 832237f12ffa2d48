//! Where the media of a fragmented file ends (ISO 14496-12, section 8.8): its init section does not know.

use std::ops::Range;

use fanfare_model::Result;

use super::{Walk, read_at, u32_at, u64_at};

/// Bytes read of one run of samples: 60,000 samples with two fields each.
const MAX_RUN_BYTES: u64 = 480 << 10;

/// One past the last tick of a track's media, by the last fragment that has some of it; `None` in a file
/// without fragments, or with one that does not tell.
pub(super) fn media_end(
    walk: &mut Walk<'_>,
    top: &[([u8; 4], Range<u64>)],
    moov: &Range<u64>,
    track_id: u32,
) -> Result<Option<u64>> {
    let Some((_, moof)) = top.iter().rev().find(|(kind, _)| kind == b"moof") else { return Ok(None) };
    let mut default_duration = 0;
    if let Some(mvex) = walk.find(moov.clone(), b"mvex")? {
        for (_, trex) in walk.children(mvex)?.into_iter().filter(|(kind, _)| kind == b"trex") {
            let trex = walk.read(&trex)?;
            if u32_at(&trex, 4) == Some(track_id) {
                default_duration = u32_at(&trex, 12).unwrap_or(0);
            }
        }
    }
    for (_, traf) in walk.children(moof.clone())?.into_iter().filter(|(kind, _)| kind == b"traf") {
        let Some(head) = walk.find(traf.clone(), b"tfhd")? else { continue };
        let head = walk.read(&head)?;
        if u32_at(&head, 4) == Some(track_id) {
            return end_of(walk, traf, &head, default_duration);
        }
    }
    Ok(None)
}

fn end_of(walk: &mut Walk<'_>, traf: Range<u64>, head: &[u8], default: u32) -> Result<Option<u64>> {
    let flags = u32_at(head, 0).unwrap_or(0);
    // Base offset (8 bytes) and description index (4 bytes) stand before the duration, where they are.
    let at = 8 + if flags & 1 != 0 { 8 } else { 0 } + if flags & 2 != 0 { 4 } else { 0 };
    let default = if flags & 8 != 0 { u32_at(head, at).unwrap_or(default) } else { default };
    let Some(time) = walk.find(traf.clone(), b"tfdt")? else { return Ok(None) };
    let time = walk.read(&time)?;
    let start = if time.first() == Some(&1) { u64_at(&time, 4) } else { u32_at(&time, 4).map(u64::from) };
    let Some(mut end) = start else { return Ok(None) };
    for (_, run) in walk.children(traf)?.into_iter().filter(|(kind, _)| kind == b"trun") {
        let Some(ticks) = run_ticks(walk, &run, default)? else { return Ok(None) };
        end = end.saturating_add(ticks);
    }
    Ok(Some(end))
}

/// Ticks of a run (8.8.8); `None` if it ends before its last sample.
fn run_ticks(walk: &Walk<'_>, run: &Range<u64>, default: u32) -> Result<Option<u64>> {
    let bytes = read_at(walk.file, run.start, (run.end - run.start).min(MAX_RUN_BYTES) as usize)?;
    let (Some(flags), Some(count)) = (u32_at(&bytes, 0), u32_at(&bytes, 4)) else { return Ok(None) };
    if flags & 0x100 == 0 {
        return Ok(Some(u64::from(count) * u64::from(default)));
    }
    // Data offset and first sample's flags, then per sample: duration, size, flags, composition offset.
    let has = |flag: u32| if flags & flag != 0 { 4 } else { 0 };
    let first = 8 + has(0x1) + has(0x4);
    let step = 4 + has(0x200) + has(0x400) + has(0x800);
    let mut ticks = 0;
    for sample in 0..count as usize {
        let Some(duration) = u32_at(&bytes, first + sample * step) else { return Ok(None) };
        ticks += u64::from(duration);
    }
    Ok(Some(ticks))
}
