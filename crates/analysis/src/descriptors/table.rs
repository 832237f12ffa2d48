//! The descriptors: what each is read from, its centre, its scale and how much it counts.

use std::f64::consts::TAU;

use fanfare_model::{
    Features,
    features::{Key, Mode, Rhythm, Timbre},
};

/// A descriptor's standing.
pub(super) struct Descriptor {
    /// What it is, for people; the tests find descriptors by it.
    pub(super) name: &'static str,
    centre: f64,
    scale: f64,
    weight: f64,
}

const fn describes(name: &'static str, centre: f64, scale: f64, weight: f64) -> Descriptor {
    Descriptor { name, centre, scale, weight }
}

/// Centres and scales are the means and standard deviations over 81 recorded pieces of game music and 60 generated ones
/// (docs/analysis.md has the command); those of speech and of the tempo's octave are round, because few of these
/// pieces have speech and the octave is a circle. They are there to make numbers of different units comparable and
/// were fitted to nothing. The weights are a choice: a descriptor that stands alone counts one, one of a family
/// whose members say much the same counts half, rhythm counts more, because few descriptors have it.
pub(super) const TABLE: [Descriptor; 62] = [
    describes("cepstrum mean 1", 78.239, 22.929, 1.0),
    describes("cepstrum mean 2", 2.240, 15.472, 1.0),
    describes("cepstrum mean 3", 14.159, 8.509, 1.0),
    describes("cepstrum mean 4", 0.173, 6.076, 1.0),
    describes("cepstrum mean 5", 1.676, 6.197, 1.0),
    describes("cepstrum mean 6", -1.498, 4.492, 1.0),
    describes("cepstrum mean 7", 0.617, 4.367, 1.0),
    describes("cepstrum mean 8", -1.923, 3.433, 1.0),
    describes("cepstrum mean 9", -0.382, 3.928, 1.0),
    describes("cepstrum mean 10", -2.514, 3.377, 1.0),
    describes("cepstrum mean 11", -0.473, 3.184, 1.0),
    describes("cepstrum mean 12", -1.029, 2.271, 1.0),
    describes("cepstrum deviation 0", 3.776, 0.324, 0.5),
    describes("cepstrum deviation 1", 3.096, 0.342, 0.5),
    describes("cepstrum deviation 2", 2.734, 0.330, 0.5),
    describes("cepstrum deviation 3", 2.371, 0.285, 0.5),
    describes("cepstrum deviation 4", 2.199, 0.260, 0.5),
    describes("cepstrum deviation 5", 2.072, 0.247, 0.5),
    describes("cepstrum deviation 6", 2.018, 0.217, 0.5),
    describes("cepstrum deviation 7", 1.937, 0.222, 0.5),
    describes("cepstrum deviation 8", 1.893, 0.207, 0.5),
    describes("cepstrum deviation 9", 1.866, 0.216, 0.5),
    describes("cepstrum deviation 10", 1.824, 0.220, 0.5),
    describes("cepstrum deviation 11", 1.784, 0.226, 0.5),
    describes("cepstrum deviation 12", 1.780, 0.234, 0.5),
    describes("cepstrum change 0", 2.931, 0.450, 0.5),
    describes("cepstrum change 1", 2.366, 0.349, 0.5),
    describes("cepstrum change 2", 2.071, 0.271, 0.5),
    describes("cepstrum change 3", 1.831, 0.215, 0.5),
    describes("cepstrum change 4", 1.715, 0.189, 0.5),
    describes("cepstrum change 5", 1.634, 0.160, 0.5),
    describes("cepstrum change 6", 1.611, 0.159, 0.5),
    describes("cepstrum change 7", 1.556, 0.149, 0.5),
    describes("cepstrum change 8", 1.538, 0.138, 0.5),
    describes("cepstrum change 9", 1.498, 0.145, 0.5),
    describes("cepstrum change 10", 1.491, 0.139, 0.5),
    describes("cepstrum change 11", 1.459, 0.125, 0.5),
    describes("cepstrum change 12", 1.442, 0.123, 0.5),
    describes("centroid", 7.379, 0.398, 1.0),
    describes("rolloff", 6.834, 0.524, 0.7),
    describes("flatness", -4.475, 1.349, 1.0),
    describes("zero crossings", 7.571, 0.484, 0.7),
    describes("level of ERB bands 0", -3.812, 2.157, 0.5),
    describes("level of ERB bands 1", -6.409, 2.449, 0.5),
    describes("level of ERB bands 2", -10.551, 3.336, 0.5),
    describes("level of ERB bands 3", -13.124, 3.886, 0.5),
    describes("level of ERB bands 4", -15.688, 4.490, 0.5),
    describes("level of ERB bands 5", -18.609, 5.803, 0.5),
    describes("level of ERB bands 6", -21.967, 6.292, 0.5),
    describes("level of ERB bands 7", -25.909, 7.465, 0.5),
    describes("dynamic complexity", 1.274, 0.300, 1.0),
    describes("crest", 16.254, 2.597, 1.0),
    describes("loudness range", 2.075, 0.565, 1.0),
    describes("onset rate", 2.154, 0.287, 1.5),
    describes("danceability", 1.250, 0.241, 1.5),
    describes("tempo confidence", 0.770, 0.221, 0.7),
    describes("tempo octave, x", 0.000, 0.700, 0.7),
    describes("tempo octave, y", 0.000, 0.700, 0.7),
    describes("tempo", 6.841, 0.402, 0.5),
    describes("mode", -0.011, 0.773, 0.7),
    describes("key confidence", 0.699, 0.297, 0.7),
    describes("speech", 0.100, 0.300, 1.0),
];

/// No descriptor counts more than this many scales: a freak value must not be all there is to a track.
const MOST_SCALES: f64 = 3.0;
/// Coefficients of the cepstrum.
const COEFFICIENTS: usize = 13;
/// ERB bands of one descriptor: five of 0.86 ERB, about an octave at 1 kHz.
const BANDS_TOGETHER: usize = 5;
/// Power of a group of bands, relative to the whole, under which it is not read (-50 dB): what lossy codecs leave out.
const BAND_FLOOR: f64 = 1e-5;
/// Added to what is read on a logarithmic scale, so that next to nothing is no freak value: in dB, Hz and as power.
const SPREAD_OFFSET_DB: f64 = 1.0;
const COMPLEXITY_OFFSET_DB: f64 = 0.5;
const FREQUENCY_OFFSET_HZ: f64 = 20.0;
const FLATNESS_OFFSET: f64 = 1e-4;
/// Tempo that the circle of tempo octaves begins at; any would do.
const OCTAVE_BPM: f64 = 60.0;

/// The descriptors of a track, standardised; `None` for one that is not known.
pub(super) struct Descriptors([Option<f64>; TABLE.len()]);

impl Descriptors {
    pub(super) fn of(features: &Features) -> Self {
        let mut standardised = [None; TABLE.len()];
        for ((place, value), row) in standardised.iter_mut().zip(readings(features)).zip(&TABLE) {
            let scales = value.map(|value| (value - row.centre) / row.scale);
            *place = scales.filter(|scales| scales.is_finite()).map(|s| s.clamp(-MOST_SCALES, MOST_SCALES));
        }
        Self(standardised)
    }

    /// How many scales the descriptor of that name is from its centre.
    pub(super) fn get(&self, name: &str) -> Option<f64> {
        TABLE.iter().zip(self.0).find(|(row, _)| row.name == name).and_then(|(_, value)| value)
    }

    /// Each times its weight; 0, the centre, for one that is not known.
    pub(super) fn weighted(&self) -> Vec<f64> {
        self.0.iter().zip(&TABLE).map(|(value, row)| value.unwrap_or(0.0) * row.weight).collect()
    }
}

/// Major is 1, minor -1, each as far as it is sure.
pub(super) fn mode(key: &Key) -> f64 {
    match key.mode {
        Mode::Major => key.confidence,
        Mode::Minor => -key.confidence,
    }
}

/// What each row of [`TABLE`] reads, before it is standardised.
pub(super) fn readings(features: &Features) -> Vec<Option<f64>> {
    let mut values = Vec::with_capacity(TABLE.len());
    timbre(features.timbre.as_ref(), &mut values);
    let dynamics = features.dynamics.as_ref();
    let complexity_db = dynamics.and_then(|part| part.complexity_db);
    values.push(complexity_db.map(|db| (db + COMPLEXITY_OFFSET_DB).ln()));
    values.push(dynamics.and_then(|part| part.crest_db));
    let range = features.loudness.as_ref().and_then(|part| part.range_lu);
    values.push(range.map(|range| range.0.max(0.0).sqrt()));
    rhythm(features.rhythm.as_ref(), &mut values);
    values.push(features.key.as_ref().map(mode));
    // No key says as much as an unsure one.
    values.push(Some(features.key.as_ref().map_or(0.0, |key| key.confidence)));
    values.push(features.speech_music.as_ref().map(|part| part.speech));
    values
}

/// The first 50 descriptors. The cepstrum's coefficient 0 has no place among the means: it is the level.
fn timbre(part: Option<&Timbre>, into: &mut Vec<Option<f64>>) {
    let nothing = Timbre::default();
    let part = part.unwrap_or(&nothing);
    into.extend((1..COEFFICIENTS).map(|k| part.mfcc_mean.get(k).copied()));
    for spread in [&part.mfcc_deviation, &part.mfcc_change] {
        into.extend((0..COEFFICIENTS).map(|k| spread.get(k).map(|value| (value + SPREAD_OFFSET_DB).ln())));
    }
    let frequency = |hz: Option<f64>| hz.map(|hz| (hz + FREQUENCY_OFFSET_HZ).ln());
    into.push(frequency(part.centroid_hz));
    into.push(frequency(part.rolloff_hz));
    into.push(part.flatness.map(|flatness| (flatness + FLATNESS_OFFSET).ln()));
    into.push(frequency(part.zero_crossing_rate_hz));
    let whole: f64 = part.erb_bands.iter().sum();
    into.extend((0..8).map(|group| {
        let bands = part.erb_bands.get(group * BANDS_TOGETHER..(group + 1) * BANDS_TOGETHER)?;
        Some(10.0 * (bands.iter().sum::<f64>() / whole + BAND_FLOOR).log10())
    }));
}

/// The next six.
fn rhythm(part: Option<&Rhythm>, into: &mut Vec<Option<f64>>) {
    let octaves = part.and_then(|part| part.tempo_bpm).map(|tempo| (tempo.0 / OCTAVE_BPM).log2());
    into.push(part.and_then(|part| part.onset_rate_hz).map(f64::sqrt));
    into.push(part.and_then(|part| part.danceability));
    into.push(part.map(|part| part.tempo_confidence.unwrap_or(0.0)));
    // On a circle of octaves: one listener taps at half the tempo of another, and both are right.
    into.push(octaves.map(|octaves| (TAU * octaves).cos()));
    into.push(octaves.map(|octaves| (TAU * octaves).sin()));
    into.push(octaves.map(|octaves| octaves + OCTAVE_BPM.log2()));
}
