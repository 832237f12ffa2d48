//! Onset strength in five bands, from the magnitudes of short spectra.
//!
//! Log-compressed band magnitudes and their half-wave rectified rise: spectral flux (S. Dixon, "Onset Detection
//! Revisited", DAFx 2006) with the maximum filter of SuperFlux against vibrato (S. Böck and G. Widmer, "Maximum
//! Filter Vibrato Suppression for Onset Detection", DAFx 2013), kept apart per band because kick, snare and hat tell
//! different things about the bar (F. Krebs, S. Böck and G. Widmer, "Rhythmic Pattern Modeling", ISMIR 2013).

/// Frames of onset strength in a second: 22,050 Hz over a hop of 256.
pub(crate) const FRAME_RATE_HZ: f64 = 22_050.0 / 256.0;
/// How many bands are kept apart.
pub(crate) const GROUPS: usize = 5;
/// Upper edges of the groups in Hz: kick and bass, low mids, mids (snare body, chords), presence, cymbals.
const GROUP_EDGES_HZ: [f64; GROUPS] = [120.0, 400.0, 1_500.0, 5_000.0, 10_500.0];
/// Bands in an octave.
const BANDS_PER_OCTAVE: f64 = 6.0;
const LOWEST_HZ: f64 = 30.0;
/// Magnitudes (full-scale sine = 1) are compressed as ln(1 + 2000 m): a knee at -66 dB.
const COMPRESSION: f32 = 2_000.0;
/// The rise is taken over two frames (23 ms), about where the windows of two frames overlap by half.
const LAG: usize = 2;

/// Turns magnitude spectra into rows of band onset strength.
pub(crate) struct OnsetBands {
    /// First bin of each band, and the end of the last.
    edges: Vec<usize>,
    group_of: Vec<usize>,
    group_scale: [f32; GROUPS],
    /// Compressed bands of the last frames, newest last.
    past: [Vec<f32>; LAG + 1],
    seen: usize,
}

impl OnsetBands {
    /// For spectra of `bins` magnitudes, from 0 Hz to half of `rate_hz`.
    pub(crate) fn new(bins: usize, rate_hz: f64) -> Self {
        let hz_per_bin = rate_hz / 2.0 / (bins.max(2) - 1) as f64;
        let highest = GROUP_EDGES_HZ[GROUPS - 1].min(rate_hz / 2.0);
        let mut edges = vec![1];
        for step in 0.. {
            let hz = LOWEST_HZ * 2_f64.powf(f64::from(step) / BANDS_PER_OCTAVE);
            if hz > highest {
                break;
            }
            let bin = (hz / hz_per_bin).round() as usize;
            if bin > edges[edges.len() - 1] && bin < bins {
                edges.push(bin);
            }
        }
        let bands = edges.len() - 1;
        let group_of: Vec<usize> = edges
            .windows(2)
            .map(|edge| {
                let hz = (edge[0] + edge[1] - 1) as f64 / 2.0 * hz_per_bin;
                GROUP_EDGES_HZ.iter().position(|limit| hz < *limit).unwrap_or(GROUPS - 1)
            })
            .collect();
        let mut group_scale = [0.0; GROUPS];
        for group in &group_of {
            group_scale[*group] += 1.0;
        }
        let group_scale = group_scale.map(|count: f32| 1.0 / count.max(1.0));
        Self { edges, group_of, group_scale, past: std::array::from_fn(|_| vec![0.0; bands]), seen: 0 }
    }

    /// The onset strength of the next frame; zero for the first two.
    pub(crate) fn push(&mut self, magnitudes: &[f32]) -> [f32; GROUPS] {
        self.past.rotate_left(1);
        let [old, .., new] = &mut self.past;
        for (value, edge) in new.iter_mut().zip(self.edges.windows(2)) {
            let bins = magnitudes.get(edge[0]..edge[1]).unwrap_or_default();
            let mean = bins.iter().sum::<f32>() / bins.len().max(1) as f32;
            let level = (1.0 + COMPRESSION * mean).ln();
            *value = if level.is_finite() { level } else { 0.0 };
        }
        let mut row = [0.0; GROUPS];
        self.seen += 1;
        if self.seen <= LAG {
            return row;
        }
        for (band, (value, group)) in new.iter().zip(&self.group_of).enumerate() {
            // Low bands are single bins: there the neighbours are other notes, not vibrato.
            let before = if *group == 0 {
                old[band]
            } else {
                old[band.saturating_sub(1)..(band + 2).min(old.len())].iter().fold(0.0, |a: f32, b| a.max(*b))
            };
            row[*group] += (value - before).max(0.0) * self.group_scale[*group];
        }
        row
    }
}
