//! What the search for the pulse reads of a track: onset layers and harmonic change, each per frame, each of mean 1.

use super::{
    harmony::Harmony,
    onset::{FRAME_RATE_HZ, GROUPS},
};

/// Kick and bass; low mids; snare-like bursts; cymbals; everything.
pub(super) const LOW: usize = 0;
pub(super) const BODY: usize = 1;
pub(super) const SNARE: usize = 2;
pub(super) const HIGH: usize = 3;
pub(super) const ALL: usize = 4;
/// Change of harmony; change of the bass note.
pub(super) const HARMONY: usize = 5;
pub(super) const BASS: usize = 6;
/// How many layers there are.
pub(super) const LAYERS: usize = 7;

/// Half width of the window in which a player counts as on time, in frames (23 ms).
const ON_TIME: usize = 2;
/// Half width of the window of the local mean that is taken off the onset strength (0.5 s).
const LOCAL: usize = 43;
/// Half width of the window of the gain control (4 s): quiet passages have beats, too.
const GAIN: usize = 344;

/// Rise of the loudest band (root mean square, natural logarithm of magnitude) below which there are no onsets, only a sound that
/// swells: beating drones have 0.03, a string orchestra 0.14 and more.
const LEAST_RISE: f32 = 0.05;

/// Onset strength and layers of a whole track.
pub(super) struct Scene {
    /// Combined onset strength for tracking, of standard deviation about 1.
    pub(super) strength: Vec<f32>,
    /// Layers for judging: widened by [`ON_TIME`], compressed, of mean 1.
    layers: [Vec<f32>; LAYERS],
    /// Onsets, in frames.
    pub(super) onsets: Vec<usize>,
}

impl Scene {
    /// Puts together what was heard.
    pub(super) fn new(rows: &[[f32; GROUPS]], harmony: &Harmony) -> Self {
        let mut groups: [Vec<f32>; GROUPS] =
            std::array::from_fn(|group| above_local_mean(rows.iter().map(|row| row[group]).collect()));
        let rms = groups.each_ref().map(|group| rms(group));
        let largest = rms.iter().fold(0.0_f32, |a, b| a.max(*b));
        for (group, rms) in groups.iter_mut().zip(rms) {
            // A band with next to nothing in it (cut off by a codec, say) must not be blown up to noise.
            let scale = if largest > LEAST_RISE { 1.0 / (rms + 0.1 * largest) } else { 0.0 };
            group.iter_mut().for_each(|value| *value *= scale);
        }
        let frames = rows.len();
        let mut all: Vec<f32> = (0..frames).map(|n| groups.iter().map(|group| group[n]).sum()).collect();
        let snare: Vec<f32> = (0..frames)
            .map(|n| {
                // A snare bursts into all upper bands at once, a hat only into the highest, a chord not into those.
                (groups[2][n] * groups[3][n] * (groups[4][n] + 0.25 * groups[3][n])).cbrt()
            })
            .collect();
        let onsets = pick_onsets(&all);
        let strength = {
            let local = local_rms(&all, GAIN);
            let floor = 0.3 * rms_of(&all);
            all.iter_mut().zip(local).for_each(|(value, local)| *value /= local + floor + 1e-9);
            let smooth = blurred(&all);
            let scale = 1.0 / rms_of(&smooth).max(1e-9);
            smooth.into_iter().map(|value| value * scale).collect()
        };
        let [low, body, _, _, high] = groups;
        let change = |bass: bool| harmony.change(frames, FRAME_RATE_HZ, bass);
        let layers = [
            layer(&low),
            layer(&body),
            layer(&snare),
            layer(&high),
            layer(&all),
            of_mean_one(change(false)),
            of_mean_one(change(true)),
        ];
        Self { strength, layers, onsets }
    }

    /// A layer at a position in frames; 0 outside.
    pub(super) fn at(&self, layer: usize, position: f64) -> f64 {
        let index = position.round();
        if index < 0.0 {
            return 0.0;
        }
        self.layers[layer].get(index as usize).copied().map_or(0.0, f64::from)
    }
}

fn rms(values: &[f32]) -> f32 {
    rms_of(values)
}

fn rms_of(values: &[f32]) -> f32 {
    let sum: f64 = values.iter().map(|v| f64::from(*v).powi(2)).sum();
    (sum / values.len().max(1) as f64).sqrt() as f32
}

/// Sums over a centred window, cut off at the ends, divided by the part of it that is inside.
fn local_means(values: impl Iterator<Item = f64>, count: usize, half: usize) -> Vec<f64> {
    let mut sums = Vec::with_capacity(count + 1);
    sums.push(0.0);
    let mut sum = 0.0;
    for value in values {
        sum += value;
        sums.push(sum);
    }
    (0..count)
        .map(|n| {
            let (from, to) = (n.saturating_sub(half), (n + half + 1).min(count));
            (sums[to] - sums[from]) / (to - from) as f64
        })
        .collect()
}

fn above_local_mean(values: Vec<f32>) -> Vec<f32> {
    let means = local_means(values.iter().map(|v| f64::from(*v)), values.len(), LOCAL);
    values.into_iter().zip(means).map(|(value, mean)| (value - mean as f32).max(0.0)).collect()
}

fn local_rms(values: &[f32], half: usize) -> Vec<f32> {
    local_means(values.iter().map(|v| f64::from(*v).powi(2)), values.len(), half)
        .into_iter()
        .map(|mean| mean.max(0.0).sqrt() as f32)
        .collect()
}

/// A Gaussian of 1.2 frames: players are not together to the centisecond.
fn blurred(values: &[f32]) -> Vec<f32> {
    const KERNEL: [f32; 4] = [0.332, 0.235, 0.083, 0.0146];
    let at =
        |n: usize, off: isize| n.checked_add_signed(off).and_then(|i| values.get(i)).copied().unwrap_or(0.0);
    (0..values.len())
        .map(|n| {
            KERNEL[0] * at(n, 0)
                + (1..4).map(|off| KERNEL[off as usize] * (at(n, -off) + at(n, off))).sum::<f32>()
        })
        .collect()
}

/// Widened, compressed, of mean 1.
fn layer(values: &[f32]) -> Vec<f32> {
    let widened: Vec<f32> = (0..values.len())
        .map(|n| {
            values[n.saturating_sub(ON_TIME)..(n + ON_TIME + 1).min(values.len())]
                .iter()
                .fold(0.0_f32, |a, b| a.max(*b))
                .sqrt()
        })
        .collect();
    of_mean_one(widened)
}

fn of_mean_one(mut values: Vec<f32>) -> Vec<f32> {
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len().max(1) as f64;
    let scale = if mean > 1e-9 { (1.0 / mean) as f32 } else { 0.0 };
    values.iter_mut().for_each(|value| *value *= scale);
    values
}

/// Peaks that stand out: local maxima over 30 ms that exceed the mean around them (Dixon 2006, section 2.6).
fn pick_onsets(all: &[f32]) -> Vec<usize> {
    let smooth = blurred(all);
    let threshold = 0.35 * rms_of(&smooth);
    let local = local_means(smooth.iter().map(|v| f64::from(*v)), smooth.len(), 9);
    (1..smooth.len().saturating_sub(1))
        .filter(|n| {
            let here = smooth[*n];
            let around = &smooth[n.saturating_sub(3)..(n + 4).min(smooth.len())];
            here > threshold
                && here > smooth[n - 1]
                && f64::from(here) > 1.3 * local[*n]
                && around.iter().all(|other| *other <= here)
        })
        .collect()
}
