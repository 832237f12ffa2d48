//! Keys as numbers, and what follows from them: scales, related keys and chords.

/// Keys that are judged: 0 to 11 major from C on, 12 to 23 minor.
pub(super) const KEYS: usize = 24;
/// Scale degrees: natural and harmonic minor share a profile of seven plus the leading note.
const MAJOR_SCALE: [usize; 7] = [0, 2, 4, 5, 7, 9, 11];
const MINOR_SCALE: [usize; 7] = [0, 2, 3, 5, 7, 8, 10];

/// The same with a sum of 1; unchanged when nothing sounds.
pub(super) fn normalised(mut chroma: [f64; 12]) -> [f64; 12] {
    let sum: f64 = chroma.iter().sum();
    if sum > 0.0 {
        chroma.iter_mut().for_each(|value| *value /= sum);
    }
    chroma
}

/// The scale degrees, tonic first.
pub(super) fn rotated(chroma: &[f64; 12], tonic: usize) -> [f64; 12] {
    std::array::from_fn(|degree| chroma[(degree + tonic) % 12])
}

/// Share of the scale's notes in those degrees.
pub(super) fn in_scale(degrees: &[f64; 12], key: usize) -> f64 {
    let scale = if is_minor(key) { MINOR_SCALE } else { MAJOR_SCALE };
    scale.iter().map(|degree| degrees[*degree]).sum()
}

/// Chords that carry a key beside its tonic chord: IV and V; a minor key's V may be major.
pub(super) fn supporting_chords(key: usize) -> impl Iterator<Item = usize> {
    let (subdominant, dominant) = ((key % 12 + 5) % 12, (key % 12 + 7) % 12);
    let (subdominant, minor_dominant) =
        if is_minor(key) { (12 + subdominant, Some(12 + dominant)) } else { (subdominant, None) };
    [subdominant, dominant].into_iter().chain(minor_dominant)
}

/// The key with the same notes: a minor key's relative major, and the other way round.
pub(super) const fn relative(key: usize) -> usize {
    if is_minor(key) { (key + 3) % 12 } else { 12 + (key + 9) % 12 }
}

pub(super) const fn is_minor(key: usize) -> bool {
    key >= 12
}

/// A segment in twelve pitch classes: all registers and the bass.
pub(super) type Classes = ([f64; 12], [f64; 12]);
