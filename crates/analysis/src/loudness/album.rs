//! Loudness of several tracks together, from what each left behind.
//!
//! An album's loudness is that of all its gating blocks under one relative gate, as if the tracks were one
//! programme (BS.1770-5 Annex 1, equations 5 to 7, over the blocks of all; ReplayGain 2.0, "album gain"). Nothing is
//! heard again: the blocks are kept per track in steps of 0.1 LU.
//!
//! Two things differ from measuring the tracks in one piece. The blocks that would reach across a joint, three
//! for each, do not exist; and the track's last incomplete block of 100 ms is left out. That costs less than
//! 0.01 LU where tracks are minutes long, and up to 0.1 LU where sound and silence alternate every ten
//! seconds. And of the one step that the relative gate cuts it is known only how many blocks it has: they are
//! taken to be spread evenly about their mean, which is off by at most 3.9 LU times the share of blocks in that step.

use fanfare_model::{Lufs, features::GatingBlocks};

use super::gating::{ABSOLUTE_GATE_LUFS, RELATIVE_GATE, loudness_of};

/// Steps of [`GatingBlocks`] in an LU.
const STEPS_PER_LU: f64 = 10.0;

/// The loudness of tracks together, from their gating blocks; `None` if there is no block in any.
///
/// The order of the tracks changes nothing.
#[must_use]
pub fn album(tracks: &[&GatingBlocks]) -> Option<Lufs> {
    // By step first: sums of the same numbers in the same order, whatever the order of the tracks.
    let mut steps: Vec<(u16, u32, f64)> = tracks.iter().flat_map(|track| track.0.iter().copied()).collect();
    steps.sort_by(|one, other| one.0.cmp(&other.0).then(one.2.total_cmp(&other.2)));
    let sum = |share: &dyn Fn(&(u16, u32, f64)) -> f64| {
        steps.iter().fold((0.0, 0.0), |(count, energy), step| {
            let share = share(step);
            (count + share * f64::from(step.1), energy + share * step.2)
        })
    };
    let (count, energy) = sum(&|_| 1.0);
    if count == 0.0 {
        return None;
    }
    let gate_lufs = loudness_of(RELATIVE_GATE * energy / count);
    let (count, energy) = sum(&|step| share_above(gate_lufs, *step));
    Lufs::finite(loudness_of(energy / count))
}

/// What share of a step's blocks is above the gate: all or none, unless the gate cuts it.
///
/// Its blocks are taken to be spread evenly about their mean, as far as the nearer border lets them; one block
/// is where its mean is, and n are nearly as far apart as the range of n even random numbers, (n - 1) / (n + 1).
fn share_above(gate_lufs: f64, (step, count, energy): (u16, u32, f64)) -> f64 {
    let begin_lufs = ABSOLUTE_GATE_LUFS + f64::from(step) / STEPS_PER_LU;
    let count = f64::from(count);
    let mean_lufs = loudness_of(energy / count);
    let room = (mean_lufs - begin_lufs).min(begin_lufs + 1.0 / STEPS_PER_LU - mean_lufs).max(0.0);
    let reach = room * (count - 1.0) / (count + 1.0);
    if mean_lufs - reach > gate_lufs {
        1.0
    } else if mean_lufs + reach <= gate_lufs {
        0.0
    } else {
        (mean_lufs + reach - gate_lufs) / (2.0 * reach)
    }
}
