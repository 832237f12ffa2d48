//! [`Fit`]: from the source's frames to those that a codec can carry.
//!
//! Purpose: more than two channels become stereo, a rate that the codec lacks becomes one that it has.
//!
//! Downmix: ITU-R BS.775-4, annex 4, table 2: left = L + 0.7071 C + 0.7071 Ls, right alike, the low-frequency
//! channel left out. The coefficients are taken as they stand, not scaled down: that is what players do with
//! the multichannel variant on two loudspeakers, so a switch between variants does not change the level.
//!
//! Invariants: frame `n` of the output lies at the same instant as in the source (the resampler's delay is taken
//! off), and the output has `ceil(n * rate / source rate)` frames; the result does not depend on the pieces.

use fanfare_model::{ChannelLayout, Error, ErrorKind, Result, SampleRate, SampleSpec};
use rubato::{Fft, FixedSync, Resampler, audioadapter_buffers::direct::SequentialSliceOfVecs};

use super::aac;

/// The weight of a channel that belongs to both sides or to a side's back: -3 dB (BS.775-4, annex 4).
const HALF_POWER: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// Frames that go through the resampler at once, about: large against its cost per piece, small in memory.
const PIECE_FRAMES: usize = 4_096;
/// Rates that odd ones are turned into, in Hz, in the order in which they are tried.
const COMMON_RATES_HZ: [u32; 9] = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
/// Rates above this are halved or more for AAC, in Hz: nothing above its half can be heard.
const HIGHEST_KEPT_HZ: u32 = 96_000;

/// The greatest common divisor, at least 1.
fn gcd(mut one: u32, mut other: u32) -> u32 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one.max(1)
}

/// What AAC is given for a source of that spec. `unit_s` tells how many seconds lie between instants that are
/// whole packets at both rates; a rate for which that is more than `most_s` is avoided.
pub(crate) fn for_aac(source: SampleSpec, unit_s: impl Fn(SampleRate) -> f64, most_s: f64) -> SampleSpec {
    let layout = if source.channels() == 1 { ChannelLayout::Mono } else { ChannelLayout::Stereo };
    let kept = SampleSpec { rate: source.rate, layout };
    let rate_hz = source.rate.hz();
    if aac::carries(kept) {
        return kept;
    }
    let whole = |rate_hz: u32| SampleRate::new(rate_hz).filter(|rate| unit_s(*rate) <= most_s);
    let family =
        [44_100, 48_000].into_iter().find(|base| rate_hz > HIGHEST_KEPT_HZ && rate_hz.is_multiple_of(*base));
    let above = COMMON_RATES_HZ.into_iter().filter(|common| *common >= rate_hz).find_map(whole);
    // 48 kHz has so many factors of two that it meets every rate within eight seconds.
    let rate = family.and_then(whole).or(above).or(SampleRate::new(48_000)).unwrap_or(SampleRate::CD);
    SampleSpec { rate, layout }
}

/// How many frames that many frames become at another rate.
pub(crate) fn frames_at(frames: u64, from: SampleRate, to: SampleRate) -> u64 {
    let exact = u128::from(frames) * u128::from(to.hz());
    u64::try_from(exact.div_ceil(u128::from(from.hz()))).unwrap_or(u64::MAX)
}

/// A conversion under way.
pub(crate) struct Fit {
    from: SampleSpec,
    to: SampleSpec,
    rate: Option<Rate>,
}

struct Rate {
    resampler: Fft<f32>,
    /// Frames that wait until a piece is full.
    waiting: Vec<Vec<f32>>,
    /// Frames still to be dropped: the resampler's delay.
    delay: usize,
    taken: u64,
    given: u64,
    from: SampleRate,
    to: SampleRate,
}

impl Fit {
    /// A conversion between those specs.
    ///
    /// # Errors
    /// `Internal` for a change of channels other than to stereo or mono of as many.
    pub(crate) fn new(from: SampleSpec, to: SampleSpec) -> Result<Self> {
        if from.channels() != to.channels() && to.layout != ChannelLayout::Stereo {
            return Err(Error::new(ErrorKind::Internal, "only stereo is mixed down to"));
        }
        let rate = if from.rate == to.rate { None } else { Some(Rate::new(from.rate, to)?) };
        Ok(Self { from, to, rate })
    }

    /// A conversion that begins in the middle: from which frame of the source it must be given frames, so that it gives
    /// those of the output from `first` on, to the bit as one that began at the start; and the conversion, which gives
    /// frames from `first` on.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn starting_at(from: SampleSpec, to: SampleSpec, first: u64) -> Result<(u64, Self)> {
        let mut fit = Self::new(from, to)?;
        let Some(rate) = &mut fit.rate else { return Ok((first, fit)) };
        Ok((rate.start_at(first), fit))
    }

    /// Whether nothing is changed.
    pub(crate) fn is_nothing(&self) -> bool {
        self.from == self.to
    }

    /// Converts frames.
    ///
    /// # Errors
    /// `Internal` when the resampler refuses.
    pub(crate) fn push(&mut self, planes: &[Vec<f32>]) -> Result<Vec<Vec<f32>>> {
        let mixed = if self.from.channels() == self.to.channels() {
            planes.to_vec()
        } else {
            downmix(self.from.layout, planes)
        };
        match &mut self.rate {
            None => Ok(mixed),
            Some(rate) => rate.push(&mixed),
        }
    }

    /// What is still inside.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(crate) fn finish(&mut self) -> Result<Vec<Vec<f32>>> {
        self.rate.as_mut().map_or_else(|| Ok(vec![Vec::new(); self.to.channels()]), Rate::finish)
    }
}

impl Rate {
    fn new(from: SampleRate, to: SampleSpec) -> Result<Self> {
        // An even number of the smallest pieces: then its delay, half of a piece, is whole at both rates.
        let smallest = (from.hz() / gcd(from.hz(), to.rate.hz())) as usize;
        let piece = smallest * (PIECE_FRAMES / smallest).next_multiple_of(2).max(2);
        let (from_hz, to_hz) = (from.hz() as usize, to.rate.hz() as usize);
        let resampler = Fft::new(from_hz, to_hz, piece, to.channels(), FixedSync::Both)
            .map_err(|error| failed(&error))?;
        let delay = resampler.output_delay();
        let waiting = vec![Vec::new(); to.channels()];
        Ok(Self { resampler, waiting, delay, taken: 0, given: 0, from, to: to.rate })
    }

    /// Sets out at the last piece from which output frame `first` still comes out right, and drops what comes before it.
    fn start_at(&mut self, first: u64) -> u64 {
        let (piece_in, piece_out) =
            (self.resampler.input_frames_next() as u64, self.resampler.output_frames_next() as u64);
        let delay = self.delay as u64;
        // A piece's output needs the piece before it as well.
        let piece = ((first + delay) / piece_out).saturating_sub(1);
        self.delay = usize::try_from(first + delay - piece * piece_out).unwrap_or(usize::MAX);
        (self.taken, self.given) = (piece * piece_in, first);
        self.taken
    }

    fn push(&mut self, planes: &[Vec<f32>]) -> Result<Vec<Vec<f32>>> {
        self.taken += planes.first().map_or(0, Vec::len) as u64;
        for (waiting, plane) in self.waiting.iter_mut().zip(planes) {
            waiting.extend(plane);
        }
        let mut out = vec![Vec::new(); self.waiting.len()];
        self.convert(&mut out)?;
        Ok(out)
    }

    /// Converts every whole piece that waits.
    fn convert(&mut self, out: &mut [Vec<f32>]) -> Result<()> {
        let (channels, need) = (self.waiting.len(), self.resampler.input_frames_next());
        let mut done = 0;
        while self.waiting[0].len() - done >= need {
            let piece: Vec<Vec<f32>> =
                self.waiting.iter().map(|plane| plane[done..done + need].to_vec()).collect();
            let input = SequentialSliceOfVecs::new(&piece, channels, need).map_err(|error| failed(&error))?;
            let frames = self.resampler.output_frames_next();
            let mut planes = vec![vec![0.0; frames]; channels];
            let mut output = SequentialSliceOfVecs::new_mut(&mut planes, channels, frames)
                .map_err(|error| failed(&error))?;
            self.resampler.process_into_buffer(&input, &mut output, None).map_err(|error| failed(&error))?;
            done += need;
            let dropped = self.delay.min(frames);
            self.delay -= dropped;
            self.given += (frames - dropped) as u64;
            for (out, plane) in out.iter_mut().zip(&planes) {
                out.extend(&plane[dropped..]);
            }
        }
        for plane in &mut self.waiting {
            plane.drain(..done);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<Vec<f32>>> {
        let whole = frames_at(self.taken, self.from, self.to);
        let before = self.given;
        let mut out = vec![Vec::new(); self.waiting.len()];
        // Silence pushes out what is inside.
        let need = self.resampler.input_frames_next();
        while self.given < whole {
            for plane in &mut self.waiting {
                let padded = plane.len().next_multiple_of(need).max(need);
                plane.resize(padded, 0.0);
            }
            self.convert(&mut out)?;
        }
        let kept = usize::try_from(whole.saturating_sub(before)).unwrap_or(usize::MAX);
        for plane in &mut out {
            plane.truncate(kept);
        }
        Ok(out)
    }
}

fn failed(what: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("the resampler failed: {what}"))
}

/// The weights of a layout's channels in the left and the right one.
fn weights(layout: ChannelLayout) -> Vec<(f32, f32)> {
    const LEFT: (f32, f32) = (1.0, 0.0);
    const RIGHT: (f32, f32) = (0.0, 1.0);
    const CENTRE: (f32, f32) = (HALF_POWER, HALF_POWER);
    const LEFT_BACK: (f32, f32) = (HALF_POWER, 0.0);
    const RIGHT_BACK: (f32, f32) = (0.0, HALF_POWER);
    const LOW: (f32, f32) = (0.0, 0.0);
    match layout {
        ChannelLayout::Mono => vec![(1.0, 1.0)],
        ChannelLayout::Stereo => vec![LEFT, RIGHT],
        ChannelLayout::Surround3_0 => vec![LEFT, RIGHT, CENTRE],
        ChannelLayout::Quad => vec![LEFT, RIGHT, LEFT_BACK, RIGHT_BACK],
        ChannelLayout::Surround5_0 => vec![LEFT, RIGHT, CENTRE, LEFT_BACK, RIGHT_BACK],
        ChannelLayout::Surround5_1 => vec![LEFT, RIGHT, CENTRE, LOW, LEFT_BACK, RIGHT_BACK],
        ChannelLayout::Surround7_1 => {
            vec![LEFT, RIGHT, CENTRE, LOW, LEFT_BACK, RIGHT_BACK, LEFT_BACK, RIGHT_BACK]
        }
        // Of unknown positions: alternating sides, each side's mean, so that nothing overloads.
        ChannelLayout::Discrete(count) => {
            let side = f32::from(count.div_ceil(2).max(1));
            (0..count).map(|n| if n % 2 == 0 { (1.0 / side, 0.0) } else { (0.0, 1.0 / side) }).collect()
        }
    }
}

fn downmix(layout: ChannelLayout, planes: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let frames = planes.first().map_or(0, Vec::len);
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    for (plane, (to_left, to_right)) in planes.iter().zip(weights(layout)) {
        for (side, weight) in [(&mut left, to_left), (&mut right, to_right)] {
            if weight != 0.0 {
                side.iter_mut().zip(plane).for_each(|(sum, sample)| *sum += weight * sample);
            }
        }
    }
    vec![left, right]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(rate_hz: u32, channels: usize) -> SampleSpec {
        SampleSpec { rate: SampleRate::new(rate_hz).unwrap(), layout: ChannelLayout::of(channels).unwrap() }
    }

    #[test]
    fn a_rate_that_aac_lacks_becomes_one_that_it_has() {
        for (source_hz, target_hz) in [
            (44_100, 44_100),
            (96_000, 96_000),
            (192_000, 48_000),
            (176_400, 44_100),
            (384_000, 48_000),
            (37_800, 44_100),
            (50_000, 48_000),
            (6_000, 8_000),
        ] {
            let fitted = for_aac(spec(source_hz, 6), |_| 1.0, 8.0);
            assert_eq!(fitted, spec(target_hz, 2), "{source_hz}");
        }
        let avoided = for_aac(spec(22_254, 1), |rate| if rate.hz() == 24_000 { 9.0 } else { 1.0 }, 8.0);
        assert_eq!(avoided, spec(32_000, 1));
    }

    #[test]
    fn a_sine_keeps_its_instants_and_its_length_through_the_resampler() {
        for (from, to, frames) in [(192_000, 48_000, 100_003), (37_800, 44_100, 30_001), (50_000, 48_000, 17)]
        {
            let tone = |rate: u32, at: usize| (at as f32 / rate as f32 * 440.0 * std::f32::consts::TAU).sin();
            let source: Vec<f32> = (0..frames).map(|at| tone(from, at)).collect();
            let mut whole: Option<Vec<f32>> = None;
            for piece in [1_000, frames] {
                let mut fit = Fit::new(spec(from, 1), spec(to, 1)).unwrap();
                let mut out = Vec::new();
                for part in source.chunks(piece) {
                    out.extend(fit.push(&[part.to_vec()]).unwrap().remove(0));
                }
                out.extend(fit.finish().unwrap().remove(0));
                let expected =
                    frames_at(frames as u64, SampleRate::new(from).unwrap(), SampleRate::new(to).unwrap());
                assert_eq!(out.len() as u64, expected);
                let inner = out.iter().enumerate().skip(500).take(out.len().saturating_sub(1_000));
                for (at, sample) in inner {
                    assert!((sample - tone(to, at)).abs() < 0.01, "{from} {at}: {sample}");
                }
                assert_eq!(whole.get_or_insert_with(|| out.clone()), &out, "{from}: pieces of {piece}");
            }
        }
    }

    #[test]
    fn beginning_in_the_middle_gives_the_same_bits() {
        for (from, to) in
            [(96_000, 48_000), (88_200, 44_100), (22_050, 44_100), (37_800, 44_100), (44_100, 44_100)]
        {
            let source: Vec<f32> =
                (0..60_000_u32).map(|at| (at.wrapping_mul(7_919) % 997) as f32 / 997.0).collect();
            let all = |fit: &mut Fit, frames: &[f32]| {
                let mut out = fit.push(&[frames.to_vec()]).unwrap().remove(0);
                out.extend(fit.finish().unwrap().remove(0));
                out
            };
            let whole = all(&mut Fit::new(spec(from, 1), spec(to, 1)).unwrap(), &source);
            for first in [0, 1, 5_000, 12_345, 20_000] {
                let (start, mut fit) = Fit::starting_at(spec(from, 1), spec(to, 1), first as u64).unwrap();
                let part = all(&mut fit, &source[start as usize..]);
                assert!(part == whole[first..], "{from} {to} {first}");
            }
        }
    }

    #[test]
    fn channels_go_to_their_sides_with_the_weights_of_bs_775() {
        let mut fit = Fit::new(spec(48_000, 6), spec(48_000, 2)).unwrap();
        for (channel, left, right) in [
            (0, 1.0, 0.0),
            (1, 0.0, 1.0),
            (2, HALF_POWER, HALF_POWER),
            (3, 0.0, 0.0),
            (4, HALF_POWER, 0.0),
            (5, 0.0, HALF_POWER),
        ] {
            let mut planes = vec![vec![0.0]; 6];
            planes[channel] = vec![1.0];
            assert_eq!(fit.push(&planes).unwrap(), [vec![left], vec![right]], "{channel}");
        }
    }
}
