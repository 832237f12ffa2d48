//! Which measured values can be true, by themselves and compared with the other tracks of their release: [`Judged`].
//!
//! What is written into a user's file stays longer than this program's data. A file that was decoded wrongly gives numbers
//! too. So every number is compared with what is physically possible and with the others before it is written:
//!
//! - loudness is above the absolute gate (BS.1770-5 Annex 1: nothing below counts), at most what a sound with that peak
//!   can have ([`fanfare_model::gain::loudest_lufs`]), and at most that of its loudest moment (EBU Tech 3341);
//! - samples of integers end at full scale; a true peak lies between the sample peak and the most that the
//!   interpolator can make of it (BS.1770-5 Annex 2);
//! - gain and peak say the same as loudness and true peak (ReplayGain 2.0), and so do the gating blocks;
//! - a release has a gain when every track has a loudness and a peak, no value is doubtful, its peak is the largest of its
//!   tracks, and its loudness is in their range, plus or minus the width of the relative gate.

use std::fmt;

use fanfare_model::{AudioProperties, MAX_CHANNELS, features::Loudness, gain};

use super::{Album, album, replaygain_db, true_peak::most_overshoot};

/// Two values of the same level may differ by this much, in LU or dB: they are rounded where they are shown.
const SAME_DB: f64 = 0.05;
/// The loudness of the stored gating blocks, which are kept in steps, may differ from the integrated loudness by this much, in
/// LU (see `album`).
const BLOCKS_LU: f64 = 4.0;
/// The relative gate of integrated loudness, in LU (BS.1770-5 Annex 1).
const RELATIVE_GATE_LU: f64 = 10.0;
/// A track that is this much louder than the median track of its release is not believed, in LU.
const FAR_LOUDER_LU: f64 = 30.0;
/// A peak of more than twice full scale is not believed when it is more than twice any other of the release: decoders
/// of lossy codecs exceed full scale by a few dB, and all tracks of a release do so by about as much.
const FAR_HIGHER: f64 = 2.0;

/// A track to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// What was measured.
    pub loudness: &'a Loudness,
    /// What the file says about its audio. What is not known allows every value.
    pub audio: Option<&'a AudioProperties>,
}

/// A gain and a peak that can be true.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain {
    /// Gain in dB that brings it to -18 LUFS.
    pub gain_db: f64,
    /// The true peak as a linear factor of full scale, above 0.
    pub peak: f64,
}

/// Why there are no values of a track. Shown, it is a sentence in lower case without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// Digital silence: neither loudness nor peak.
    Silent,
    /// A peak and no loudness: too short or too quiet for one.
    NoLoudness,
    /// A loudness and no peak, or values that cannot be true; the text says which, and why.
    Impossible(String),
    /// Possible by itself, but not compared with the other tracks of its release.
    Apart(String),
}

impl Doubt {
    /// Whether there is a value that cannot be believed; `false` when there is no value.
    #[must_use]
    pub const fn is_of_a_value(&self) -> bool {
        matches!(self, Self::Impossible(_) | Self::Apart(_))
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("it is digital silence and has no loudness"),
            Self::NoLoudness => f.write_str("it has a peak and no loudness: too short or too quiet for one"),
            Self::Impossible(why) | Self::Apart(why) => f.write_str(why),
        }
    }
}

/// Why a release has no values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlbumDoubt {
    /// The first track, by its place in what was judged, because of which the release has no values.
    pub track: Option<usize>,
    /// Why.
    pub why: Doubt,
}

/// What can be said of the tracks of a release, and of the release.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Of each track, in their order.
    pub tracks: Vec<Result<Gain, Doubt>>,
    /// Of all together.
    pub album: Result<Gain, AlbumDoubt>,
}

impl Judged {
    /// Judges the tracks of a release. A single track is a release of one.
    #[must_use]
    pub fn of(tracks: &[Measured<'_>]) -> Self {
        let mut judged: Vec<Result<Gain, Doubt>> = tracks.iter().map(alone).collect();
        for (at, why) in apart(&judged) {
            judged[at] = Err(why);
        }
        let album = match judged.iter().enumerate().find_map(|(at, one)| Some((at, one.as_ref().err()?))) {
            Some((at, why)) => Err(AlbumDoubt { track: Some(at), why: why.clone() }),
            None => together(tracks, &judged),
        };
        Self { tracks: judged, album }
    }
}

/// What a track's values say by themselves.
fn alone(track: &Measured<'_>) -> Result<Gain, Doubt> {
    let loudness = track.loudness;
    let levels = match (loudness.integrated_lufs, loudness.true_peak_dbtp, loudness.sample_peak_dbfs) {
        (Some(lufs), Some(true_peak), Some(sample_peak)) => {
            Levels { lufs: lufs.0, true_peak_db: true_peak.0, sample_peak_db: sample_peak.0 }
        }
        (None, None, None) => return Err(Doubt::Silent),
        (None, _, _) => return Err(Doubt::NoLoudness),
        (Some(_), _, _) => return Err(Doubt::Impossible("it has a loudness and no peak".to_owned())),
    };
    let pair = loudness.replaygain_track_gain_db.zip(loudness.replaygain_track_peak);
    let (gain_db, peak) = pair.ok_or_else(|| Doubt::Impossible("its gain or peak is missing".to_owned()))?;
    let same = |one: f64, other: f64| (one - other).abs() <= SAME_DB;
    let told_alike = same(gain_db, replaygain_db(levels.lufs)) && same(decibels(peak), levels.true_peak_db);
    let moment = loudness.momentary_max_lufs.is_some_and(|most| levels.lufs <= most.0 + SAME_DB);
    let of_blocks = loudness.blocks.as_ref().map(|blocks| album(&[blocks]));
    let blocks =
        of_blocks.is_none_or(|found| found.is_some_and(|found| (found.0 - levels.lufs).abs() <= BLOCKS_LU));
    let lufs = levels.lufs;
    let checks = levels.checks(track.audio).into_iter().chain([
        (told_alike, "its gain and peak are not those of its loudness".to_owned()),
        (moment, format!("{lufs:.1} LUFS is impossible: no moment is as loud")),
        (blocks, format!("{lufs:.1} LUFS is not what its blocks of 400 ms give")),
    ]);
    match checks.into_iter().find(|(holds, _)| !holds) {
        Some((_, why)) => Err(Doubt::Impossible(why)),
        None => Ok(Gain { gain_db, peak }),
    }
}

fn decibels(factor: f64) -> f64 {
    20.0 * factor.log10()
}

struct Levels {
    lufs: f64,
    true_peak_db: f64,
    sample_peak_db: f64,
}

impl Levels {
    /// Conditions that every sound meets: whether these levels do, and what to say if not. NaN meets none of them.
    fn checks(&self, audio: Option<&AudioProperties>) -> [(bool, String); 6] {
        let Self { lufs, true_peak_db, sample_peak_db } = *self;
        let peak = 10_f64.powf(true_peak_db / 20.0);
        let integer = audio.is_some_and(AudioProperties::is_integer);
        let channels = audio.map_or(MAX_CHANNELS, |audio| usize::from(audio.channels));
        let between = sample_peak_db <= true_peak_db + SAME_DB
            && true_peak_db <= sample_peak_db + decibels(most_overshoot());
        [
            (
                lufs > gain::ABSOLUTE_GATE_LUFS,
                format!("{lufs:.1} LUFS is impossible: nothing below -70 counts"),
            ),
            (
                peak.is_finite() && peak > 0.0,
                "its loudness is impossible without a peak: the peak is zero or no number".to_owned(),
            ),
            (
                gain::can_be_peak(peak),
                format!("a peak of {true_peak_db:.1} dB over full scale is impossible"),
            ),
            (
                !integer || sample_peak_db <= SAME_DB,
                format!(
                    "a sample {sample_peak_db:.1} dB over full scale is impossible in a file of integers"
                ),
            ),
            (
                between,
                format!(
                    "a true peak of {true_peak_db:.1} dB is impossible with samples of {sample_peak_db:.1} dB"
                ),
            ),
            (
                lufs <= gain::loudest_lufs(peak, channels),
                format!("{lufs:.1} LUFS is impossible with a peak of {true_peak_db:.1} dB"),
            ),
        ]
    }
}

/// The tracks that cannot be believed when they are compared with the others.
fn apart(tracks: &[Result<Gain, Doubt>]) -> Vec<(usize, Doubt)> {
    let known: Vec<(usize, Gain)> =
        tracks.iter().enumerate().filter_map(|(at, one)| Some((at, *one.as_ref().ok()?))).collect();
    // Of two tracks it is unknown which one is wrong.
    if known.len() < 3 {
        return Vec::new();
    }
    let mut gains: Vec<f64> = known.iter().map(|(_, one)| one.gain_db).collect();
    gains.sort_by(f64::total_cmp);
    let middle_db = gains[gains.len() / 2];
    let mut found = Vec::new();
    for (at, one) in &known {
        let louder_lu = middle_db - one.gain_db;
        let others = known.iter().filter(|(other, _)| other != at).map(|(_, other)| other.peak);
        let highest = others.fold(1.0, f64::max);
        if louder_lu > FAR_LOUDER_LU {
            let why = format!("it is {louder_lu:.0} LU louder than most of its release");
            found.push((*at, Doubt::Apart(why)));
        } else if one.peak > FAR_HIGHER * highest {
            let why = format!(
                "its peak of {:.2} is more than twice any other of its release ({highest:.2})",
                one.peak
            );
            found.push((*at, Doubt::Apart(why)));
        }
    }
    found
}

/// The release of tracks that all have values.
fn together(tracks: &[Measured<'_>], judged: &[Result<Gain, Doubt>]) -> Result<Gain, AlbumDoubt> {
    let doubt = |why| AlbumDoubt { track: None, why };
    let impossible = |why: &str| doubt(Doubt::Impossible(why.to_owned()));
    if let Some(at) = tracks.iter().position(|track| track.loudness.blocks.is_none()) {
        let why = "it was measured before blocks of 400 ms were kept".to_owned();
        return Err(AlbumDoubt { track: Some(at), why: Doubt::Impossible(why) });
    }
    let album = Album::of(&tracks.iter().map(|track| track.loudness).collect::<Vec<_>>());
    let pair = album.replaygain_album_gain_db.zip(album.replaygain_album_peak);
    let (gain_db, peak) = pair.ok_or_else(|| doubt(Doubt::NoLoudness))?;
    let known = || judged.iter().flatten();
    if known().map(|one| one.peak).fold(0.0, f64::max) != peak {
        return Err(impossible("its peak is not the largest of its tracks"));
    }
    let loudest_db = known().map(|one| one.gain_db).fold(f64::INFINITY, f64::min);
    let quietest_db = known().map(|one| one.gain_db).fold(f64::NEG_INFINITY, f64::max);
    let among = loudest_db - RELATIVE_GATE_LU..=quietest_db + RELATIVE_GATE_LU;
    if !(among.contains(&gain_db) && gain::can_be_gain(gain_db, Some(peak), MAX_CHANNELS)) {
        return Err(impossible("its loudness is not in the range of its tracks"));
    }
    Ok(Gain { gain_db, peak })
}
