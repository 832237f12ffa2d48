//! Arbitrary PCM, the same for the same seed, and what must hold of every result whatever was heard.
//!
//! Used by the test `fuzz` (a few hundred seeds) and by the example of the same name (as long as one likes).

#![allow(dead_code, reason = "the test and the example each use a part")]

mod checks;
mod signals;

use std::{sync::Arc, time::Duration};

use fanfare_analysis::{AnalyzeOptions, Selection, analyze};
use fanfare_audio::CancelFlag;
use fanfare_model::{Features, features::AnalyzerOutcome};

use crate::support::Signal;
pub use signals::Case;

/// What one case cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Samples of all channels that were heard.
    pub samples: usize,
    /// Processor time of the analyzer.
    pub cpu: Duration,
}

impl Cost {
    /// Nanoseconds per sample.
    pub fn per_sample_ns(self) -> f64 {
        self.cpu.as_secs_f64() * 1e9 / self.samples.max(1) as f64
    }
}

/// Hears the case with one analyzer, twice: as it is divided, and in one piece.
///
/// # Errors
/// What is wrong with the result, in one sentence.
pub fn try_case(case: &Case, analyzer: &str) -> Result<Cost, String> {
    let (features, cost) = analyze_signal(case, &case.lengths, analyzer)?;
    checks::check(case, &features)?;
    let (again, _) = analyze_signal(case, &[usize::MAX], analyzer)?;
    if again != features {
        return Err(format!("the result depends on the chunks {:?}", case.lengths));
    }
    Ok(cost)
}

fn analyze_signal(case: &Case, lengths: &[usize], analyzer: &str) -> Result<(Features, Cost), String> {
    let selection = Selection::only(&[analyzer]).map_err(|error| error.to_string())?;
    let options = AnalyzeOptions { selection, ..AnalyzeOptions::default() };
    let mut source = Signal::new(case.rate_hz, &case.planes, lengths);
    let analysis = analyze(&mut source, Vec::new(), &options, &CancelFlag::default(), &mut |_| ())
        .map_err(|error| format!("the run failed: {error}"))?;
    for result in &analysis.results {
        if let AnalyzerOutcome::Failed { kind, message } = &result.outcome {
            return Err(format!("{} failed: {kind}: {message}", result.analyzer));
        }
    }
    let cpu = analysis.sinks.iter().map(|sink| sink.cpu).sum();
    Ok((analysis.features(), Cost { samples: case.samples(), cpu }))
}

/// A case of so many frames of the same planes, for a test that names it.
pub fn case_of(rate_hz: u32, planes: Vec<Vec<f32>>) -> Case {
    Case { seed: 0, rate_hz, planes: Arc::new(planes), lengths: vec![1_000], story: String::new() }
}
