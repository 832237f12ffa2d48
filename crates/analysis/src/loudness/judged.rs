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
//! - a track without a loudness (silent, too short, too quiet) has no gating blocks, and no peak above full scale that no
//!   other track of its release has: there is nothing to compare such a peak with.
//!
//! What a release is as a whole follows from these judgements: [`Release`](super::Release).

use fanfare_model::{AudioProperties, MAX_CHANNELS, gain};

use super::{
    Release, album,
    release::together,
    replaygain_db,
    true_peak::most_overshoot,
    values::{Doubt, Gain, Measured, decibels},
};

/// Two values of the same level may differ by this much, in LU or dB: they are rounded where they are shown.
const SAME_DB: f64 = 0.05;
/// The loudness of the stored gating blocks, which are kept in steps, may differ from the integrated loudness by this much, in
/// LU (see `album`).
const BLOCKS_LU: f64 = 4.0;
/// A track that is this much louder than the median track of its release is not believed, in LU.
const FAR_LOUDER_LU: f64 = 30.0;
/// A peak of more than twice full scale is not believed when it is more than twice any other of the release: decoders
/// of lossy codecs exceed full scale by a few dB, and all tracks of a release do so by about as much.
const FAR_HIGHER: f64 = 2.0;

/// What can be said of the tracks of a release, and of the release.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Of each track, in their order.
    pub tracks: Vec<Result<Gain, Doubt>>,
    /// Of all together.
    pub release: Release,
}

impl Judged {
    /// Judges the tracks of a release; `None` is a track that could not be read. A single track is a release of one.
    #[must_use]
    pub fn of(tracks: &[Option<Measured<'_>>]) -> Self {
        let alone = |track: &Option<Measured<'_>>| track.as_ref().map_or(Err(Doubt::Unread), alone);
        let mut judged: Vec<Result<Gain, Doubt>> = tracks.iter().map(alone).collect();
        for (at, why) in apart(&judged) {
            judged[at] = Err(why);
        }
        let highest = judged.iter().flatten().map(|one| one.peak).fold(1.0, f64::max);
        for (track, one) in tracks.iter().zip(&mut judged) {
            if matches!(one, Err(Doubt::NoLoudness))
                && let Some(peak) = track.and_then(|track| track.loudness.replaygain_track_peak)
                && decibels(peak) > decibels(highest) + SAME_DB
            {
                let why = format!(
                    "its peak of {peak:.2} is over full scale, and it has no loudness to compare it with"
                );
                *one = Err(Doubt::Apart(why));
            }
        }
        let release = together(tracks, &judged);
        Self { tracks: judged, release }
    }
}

/// What a track's values say by themselves.
fn alone(track: &Measured<'_>) -> Result<Gain, Doubt> {
    let loudness = track.loudness;
    let levels = match (loudness.integrated_lufs, loudness.true_peak_dbtp, loudness.sample_peak_dbfs) {
        (Some(lufs), Some(true_peak), Some(sample_peak)) => {
            Levels { lufs: lufs.0, true_peak_db: true_peak.0, sample_peak_db: sample_peak.0 }
        }
        (None, true_peak, sample_peak) => {
            return Err(without_loudness(
                track,
                true_peak.map(|peak| peak.0),
                sample_peak.map(|peak| peak.0),
            ));
        }
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
    let checks = levels.checks(track.audio).chain([
        (told_alike, "its gain and peak are not those of its loudness".to_owned()),
        (moment, format!("{lufs:.1} LUFS is impossible: no moment is as loud")),
        (blocks, format!("{lufs:.1} LUFS is not what its blocks of 400 ms give")),
    ]);
    match checks.into_iter().find(|(holds, _)| !holds) {
        Some((_, why)) => Err(Doubt::Impossible(why)),
        None => Ok(Gain { gain_db, peak }),
    }
}

/// What is said of a track that has no loudness.
fn without_loudness(track: &Measured<'_>, true_peak_db: Option<f64>, sample_peak_db: Option<f64>) -> Doubt {
    let peak = track.loudness.replaygain_track_peak;
    let impossible = |why: &str| Doubt::Impossible(why.to_owned());
    if track.loudness.blocks.as_ref().is_some_and(|blocks| !blocks.0.is_empty()) {
        return impossible("it has no loudness, though parts of it are above -70 LUFS");
    }
    match (true_peak_db, sample_peak_db, peak) {
        (None, None, None) => Doubt::Silent,
        (Some(true_peak_db), Some(sample_peak_db), Some(peak)) => {
            let levels = Levels { lufs: f64::NAN, true_peak_db, sample_peak_db };
            if (decibels(peak) - true_peak_db).abs() > SAME_DB {
                return impossible("its two peaks are not the same");
            }
            match levels.peaks(track.audio).into_iter().find(|(holds, _)| !holds) {
                Some((_, why)) => Doubt::Impossible(why),
                None => Doubt::NoLoudness,
            }
        }
        _ => impossible("one of its peaks is missing"),
    }
}

struct Levels {
    lufs: f64,
    true_peak_db: f64,
    sample_peak_db: f64,
}

impl Levels {
    /// Conditions that every sound meets: whether these levels do, and what to say if not. NaN meets none of them.
    fn checks(&self, audio: Option<&AudioProperties>) -> impl Iterator<Item = (bool, String)> + use<> {
        let Self { lufs, true_peak_db, .. } = *self;
        let channels = audio.map_or(MAX_CHANNELS, |audio| usize::from(audio.channels));
        let of_loudness = [
            (
                lufs > gain::ABSOLUTE_GATE_LUFS,
                format!("{lufs:.1} LUFS is impossible: nothing below -70 counts"),
            ),
            (
                lufs <= gain::loudest_lufs(factor(true_peak_db), channels),
                format!("{lufs:.1} LUFS is impossible with a peak of {true_peak_db:.1} dB"),
            ),
        ];
        let [gate, loudest] = of_loudness;
        [gate].into_iter().chain(self.peaks(audio)).chain([loudest])
    }

    /// The conditions for peaks alone.
    fn peaks(&self, audio: Option<&AudioProperties>) -> [(bool, String); 4] {
        let Self { true_peak_db, sample_peak_db, .. } = *self;
        let peak = factor(true_peak_db);
        let integer = audio.is_some_and(AudioProperties::is_integer);
        let between = sample_peak_db <= true_peak_db + SAME_DB
            && true_peak_db <= sample_peak_db + decibels(most_overshoot());
        [
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
        ]
    }
}

fn factor(decibels: f64) -> f64 {
    10_f64.powf(decibels / 20.0)
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
