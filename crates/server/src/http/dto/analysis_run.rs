//! Which analyzers were run on a track, and when.

use fanfare_model::features::AnalysisRun;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::clock::rfc3339;

/// How an analyzer ended.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AnalysisOutcome)]
pub enum AnalysisOutcomeDto {
    /// It finished.
    Ok,
    /// It failed; the warnings say why.
    Failed,
}

/// One analyzer on one track.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnalysisRun)]
pub struct AnalysisRunDto {
    /// The analyzer, for example `loudness`; `acoustid` for what AcoustID was asked.
    pub analyzer: String,
    /// Its version; a newer one analyzes the track again.
    pub version: u32,
    /// How it ended.
    pub outcome: AnalysisOutcomeDto,
    /// When its result was made; `null` for results from before that was noted.
    #[schema(format = DateTime)]
    pub analyzed_at: Option<String>,
}

impl From<AnalysisRun> for AnalysisRunDto {
    fn from(run: AnalysisRun) -> Self {
        Self {
            analyzer: run.analyzer,
            version: run.version,
            outcome: if run.succeeded { AnalysisOutcomeDto::Ok } else { AnalysisOutcomeDto::Failed },
            analyzed_at: run.analyzed.map(rfc3339),
        }
    }
}
