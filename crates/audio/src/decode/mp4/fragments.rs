//! Where the media of a fragmented file ends (ISO 14496-12, section 8.8): its init section does not know. And times of packets
//! (8.6.1.2: `stts`) that are fewer than the packets (8.7.3: `stsz`).

use std::ops::Range;

use fanfare_model::Result;

use super::{
    track_facts::Mp4Facts,
    walk::{Walk, u32_at, u64_at},
};
use crate::{decode::bytes::Patch, probe::read_at};

/// Entries of a table that are looked at: one for each packet of some days.
const MAX_ENTRIES: u64 = 4 << 20;
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

/// Lets the last duration go on for all packets of the index, where the table ends before.
///
/// # Errors
/// I/O, limits.
pub(super) fn extend_times(walk: &mut Walk<'_>, mdia: &Range<u64>, facts: &mut Mp4Facts) -> Result<()> {
    let Some(body) = walk.path(mdia.clone(), &[b"minf", b"stbl", b"stts"])? else { return Ok(()) };
    // Version and flags, the number of entries, then of each the packets and their duration.
    let entries = u64::from(u32_at(&read_at(walk.file, body.start, 8)?, 4).unwrap_or(0));
    let there = (body.end - body.start).saturating_sub(8) / 8;
    let entries = entries.min(there).min(MAX_ENTRIES);
    let table = read_at(walk.file, body.start + 8, usize::try_from(entries * 8).unwrap_or(0))?;
    let (mut packets, mut ticks) = (0_u64, 0_u64);
    for entry in table.chunks_exact(8) {
        let (count, duration) = (u32_at(entry, 0).unwrap_or(0), u32_at(entry, 4).unwrap_or(0));
        packets += u64::from(count);
        ticks = ticks.saturating_add(u64::from(count) * u64::from(duration));
    }
    let Some(last) = table.chunks_exact(8).last() else { return Ok(()) };
    let (count, duration) = (u32_at(last, 0).unwrap_or(0), u64::from(u32_at(last, 4).unwrap_or(0)));
    let missing = u64::from(facts.indexed_samples).saturating_sub(packets);
    let Some(count) = u32::try_from(u64::from(count) + missing).ok().filter(|_| missing > 0) else {
        return Ok(());
    };
    facts.more_times = Some(Patch { at: body.start + entries * 8, bytes: count.to_be_bytes().to_vec() });
    let end = ticks.saturating_add(missing.saturating_mul(duration));
    if facts.media_duration.saturating_add(2 * duration) < end {
        // The duration was taken from the same table.
        facts.media_duration = end;
        facts.edit = facts.edit.map(|(start, _)| (start, 0));
    }
    Ok(())
}
