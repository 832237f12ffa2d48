//! Level and its movement: RMS, crest factor, dynamic complexity, clipping, silence at both ends.
//!
//! Level, clipping and silence are of all channels, so that nothing cancels; dynamic complexity is of the
//! mono mix, as Essentia's is.

mod complexity;
mod level;

use fanfare_model::{
    Dbfs, Result,
    features::{Dynamics, FeaturePart},
};

use crate::{Absence, AbsenceReason, AnalysisChunk, AnalysisEnd, Analyzer, AnalyzerEntry, AnalyzerOutput};
use complexity::Complexity;
use level::Level;

/// The analyzer's entry in the list.
pub const ENTRY: AnalyzerEntry = AnalyzerEntry {
    id: "dynamics",
    version: 2,
    about: "dynamic complexity, RMS, crest factor, clipping, silence at both ends",
    start: |context| {
        Ok(Box::new(DynamicsAnalyzer {
            level: Level::new(context.spec.channels()),
            complexity: Complexity::new(context.spec.rate.hz()),
        }))
    },
};

struct DynamicsAnalyzer {
    level: Level,
    complexity: Complexity,
}

impl Analyzer for DynamicsAnalyzer {
    fn push(&mut self, chunk: &AnalysisChunk<'_>) -> Result<()> {
        self.level.push(chunk.pcm().planes());
        self.complexity.push(chunk.mono());
        Ok(())
    }

    fn finish(&mut self, end: &AnalysisEnd<'_>) -> Result<AnalyzerOutput> {
        let mut absences = Vec::new();
        let rate = end.spec().rate;
        let reading = self.level.reading();
        let rms_dbfs = Dbfs::finite(20.0 * reading.rms.log10());
        let crest_db = 20.0 * (f64::from(reading.peak) / reading.rms).log10();
        let complexity_db = self.complexity.reading();
        if reading.rms.is_infinite() {
            absences.push(Absence::new(
                AbsenceReason::BeyondFullScale,
                "no level: samples are far beyond full scale",
            ));
        } else if rms_dbfs.is_none() {
            absences.push(Absence::new(AbsenceReason::Silent, "digital silence: there is no level"));
        } else if complexity_db.is_none() {
            absences.push(if end.duration_s() < complexity::FRAME_S {
                Absence::too_short("dynamic complexity", end.duration_s(), complexity::FRAME_S)
            } else {
                Absence::new(
                    AbsenceReason::TooQuiet,
                    "too quiet for dynamic complexity: nothing is above -90 dB",
                )
            });
        }
        let part = Dynamics {
            complexity_db,
            rms_dbfs,
            crest_db: crest_db.is_finite().then_some(crest_db),
            clipped_frames: reading.clipped_frames,
            silence_head_s: rate.seconds(reading.silence_head),
            silence_tail_s: rate.seconds(reading.silence_tail),
        };
        Ok(AnalyzerOutput { part: FeaturePart::Dynamics(part), absences })
    }
}
