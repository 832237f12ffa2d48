//! Results as stored: JSON, but for the waveform, which is in bytes ([`packed`]).

use fanfare_model::{
    ErrorKind, Result, Timestamp, TrackId,
    features::{AnalyzerOutcome, AnalyzerResult, FeaturePart, Waveform},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use super::packed;
use crate::{
    db::WriteTx,
    error::sql,
    failure::noted::note_analyzer,
    rows::{col, json, to_json},
};

/// An outcome in the form it is stored in.
struct Stored {
    outcome: String,
    columns: Option<Vec<u8>>,
    /// Why the analyzer failed, if it did.
    failed: Option<(ErrorKind, String)>,
}

fn pack(outcome: &AnalyzerOutcome) -> Result<Stored> {
    if let AnalyzerOutcome::Ok { part: FeaturePart::Waveform(waveform), warnings } = outcome {
        let Some(columns) = packed::pack(waveform) else {
            return refused("gave a waveform that cannot be drawn");
        };
        let part = FeaturePart::Waveform(Waveform::default());
        return Ok(Stored {
            outcome: to_json(&AnalyzerOutcome::Ok { part, warnings: warnings.clone() })?,
            columns: Some(columns),
            failed: None,
        });
    }
    let text = to_json(outcome)?;
    // JSON has no word for NaN or infinity: what does not come back as it was is no result.
    if serde_json::from_str::<AnalyzerOutcome>(&text).ok().as_ref() != Some(outcome) {
        return refused("gave a number that is not finite");
    }
    let failed = match outcome {
        AnalyzerOutcome::Failed { kind, message } => Some((*kind, message.clone())),
        AnalyzerOutcome::Ok { .. } => None,
    };
    Ok(Stored { outcome: text, columns: None, failed })
}

/// A result that cannot be kept becomes a failure of that analyzer; the others are not touched by it.
fn refused(why: &str) -> Result<Stored> {
    let outcome = AnalyzerOutcome::Failed { kind: ErrorKind::Internal, message: why.to_owned() };
    let failed = Some((ErrorKind::Internal, why.to_owned()));
    Ok(Stored { outcome: to_json(&outcome)?, columns: None, failed })
}

fn unpack(row: &SqliteRow) -> Result<AnalyzerResult> {
    let mut outcome: AnalyzerOutcome = json(row, "outcome")?;
    if let AnalyzerOutcome::Ok { part: FeaturePart::Waveform(waveform), .. } = &mut outcome
        && let Some(columns) = col::<Option<&[u8]>>(row, "columns")?
    {
        *waveform = packed::unpack(columns)?;
    }
    Ok(AnalyzerResult { analyzer: col(row, "analyzer")?, version: col(row, "version")?, outcome })
}

/// Stores a result of that track's content that was made just now, unless a newer version is there, or a good one of the
/// same version where this one failed. Returns whether it was stored.
pub(super) async fn put(
    tx: &mut WriteTx,
    track: TrackId,
    content: i64,
    result: &AnalyzerResult,
    now: Timestamp,
) -> Result<bool> {
    let stored = pack(&result.outcome)?;
    let done = sqlx::query(
        "INSERT INTO result (content, analyzer, version, outcome, columns, analyzed) VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT (content, analyzer) DO UPDATE SET version = excluded.version, \
             outcome = excluded.outcome, columns = excluded.columns, analyzed = excluded.analyzed \
         WHERE excluded.version > version OR (excluded.version = version AND \
             (json_extract(excluded.outcome, '$.status') = 'ok' OR json_extract(outcome, '$.status') <> 'ok'))",
    )
    .bind(content)
    .bind(&*result.analyzer)
    .bind(result.version)
    .bind(stored.outcome)
    .bind(stored.columns)
    .bind(now.0)
    .execute(&mut **tx)
    .await
    .map_err(sql("storing a result"))?;
    if let Some((kind, why)) = stored.failed {
        note_analyzer(tx, &result.analyzer, track.as_bytes(), kind, &why).await?;
    }
    Ok(done.rows_affected() > 0)
}

/// All results of a content, by analyzer; without the waveform's columns unless asked for.
pub(super) async fn all(
    connection: &mut SqliteConnection,
    content: i64,
    with_columns: bool,
) -> Result<Vec<AnalyzerResult>> {
    let rows = sqlx::query(
        "SELECT analyzer, version, outcome, CASE WHEN ? THEN columns END AS columns FROM result \
         WHERE content = ? ORDER BY analyzer",
    )
    .bind(with_columns)
    .bind(content)
    .fetch_all(connection)
    .await
    .map_err(sql("reading results"))?;
    rows.iter().map(unpack).collect()
}
