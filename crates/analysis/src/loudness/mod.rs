//! Loudness and peaks: ITU-R BS.1770-5, EBU R 128, EBU Tech 3341 and 3342, ReplayGain 2.0.
//!
//! Every channel is K-weighted ([`weighting`]), its energy gathered in steps of 10 ms, and the steps joined
//! into windows of 400 ms and 3 s ([`meter`]) whose gated means and percentiles are the results
//! ([`gating`]). Sample and true peak come from the unweighted channels ([`true_peak`]), the LFE included.
//!
//! Beside the figures there are curves for drawing ([`series`]) and the gating blocks, from which [`album`]
//! has the loudness of several tracks together.
//!
//! A mono file is one channel of weight 1, counted once, as BS.1770 has it: 3 LU less than the same sound on
//! both channels of a stereo file ("dual mono"), which is also what it measures when both loudspeakers play it.

mod album;
mod gating;
mod judged;
mod meter;
mod release;
mod series;
mod true_peak;
mod values;
mod weighting;

use fanfare_model::{
    DbTp, Dbfs, Lu, Lufs, Result,
    features::{FeaturePart, Loudness},
    gain::REFERENCE_LUFS,
};

use crate::{
    Absence, AbsenceReason, AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput, StartContext,
};
use meter::Meter;
use true_peak::TruePeak;

pub use album::album;
pub use judged::Judged;
pub use release::{NoGain, Release};
pub use values::{Doubt, Gain, Measured};

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "loudness",
    version: 2,
    about: "integrated loudness, range, maxima, curves and peaks (BS.1770-5, EBU R 128), ReplayGain 2",
    start: |context| Ok(Box::new(LoudnessAnalyzer::new(context))),
};

/// The gain in dB that brings a loudness in LUFS to ReplayGain's reference.
fn replaygain_db(integrated_lufs: f64) -> f64 {
    REFERENCE_LUFS - integrated_lufs
}

struct LoudnessAnalyzer {
    meter: Meter,
    peaks: Vec<TruePeak>,
}

impl LoudnessAnalyzer {
    fn new(context: &StartContext) -> Self {
        let spec = context.spec;
        let peak = || TruePeak::new(spec.rate.hz());
        Self {
            meter: Meter::new(spec.rate.hz(), spec.layout),
            peaks: (0..spec.channels()).map(|_| peak()).collect(),
        }
    }
}

impl Analyzer for LoudnessAnalyzer {
    fn push(&mut self, chunk: &AnalysisChunk<'_>) -> Result<()> {
        let planes = chunk.pcm().planes();
        self.meter.push(planes);
        for (peak, plane) in self.peaks.iter_mut().zip(planes) {
            peak.push(plane);
        }
        Ok(())
    }

    fn finish(&mut self, end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        let mut absences = Vec::new();
        let duration_s = end.duration_s();
        let reading = self.meter.reading();
        for (what, needed_s) in [("loudness", 0.4), ("loudness range and short-term loudness", 3.0)] {
            if duration_s < needed_s {
                absences.push(Absence::too_short(what, duration_s, needed_s));
            }
        }
        if reading.integrated.is_none() && duration_s >= 0.4 {
            absences.push(Absence::new(
                AbsenceReason::TooQuiet,
                "too quiet for integrated loudness: nothing is above -70 LUFS",
            ));
        }
        let sample_peak = self.peaks.iter().map(TruePeak::sample_peak).fold(0.0, f32::max);
        let true_peak = self.peaks.iter_mut().map(TruePeak::finish).fold(0.0, f32::max);
        let decibels = |peak: f32| 20.0 * f64::from(peak).log10();
        let part = Loudness {
            integrated_lufs: reading.integrated.and_then(Lufs::finite),
            range_lu: reading.range.and_then(Lu::finite),
            momentary_max_lufs: reading.momentary_max.and_then(Lufs::finite),
            short_term_max_lufs: reading.short_term_max.and_then(Lufs::finite),
            sample_peak_dbfs: Dbfs::finite(decibels(sample_peak)),
            true_peak_dbtp: DbTp::finite(decibels(true_peak)),
            replaygain_track_gain_db: reading.integrated.map(replaygain_db),
            replaygain_track_peak: (true_peak > 0.0 && true_peak.is_finite()).then_some(f64::from(true_peak)),
            series: self.meter.series(),
            blocks: self.meter.blocks(),
        };
        if part.sample_peak_dbfs.is_none() {
            absences.push(Absence::new(AbsenceReason::Silent, "digital silence: there is no peak"));
        } else if part.true_peak_dbtp.is_none() {
            absences.push(Absence::new(
                AbsenceReason::BeyondFullScale,
                "no true peak: samples are far beyond full scale",
            ));
        }
        Ok(AnalyzerOutput { part: FeaturePart::Loudness(part), absences })
    }
}
