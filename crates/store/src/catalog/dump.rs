//! The whole catalog in a form that two runs can be compared by.

use fanfare_model::{Result, Tags, track::TrackFailure};
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use super::{Catalog, outcome};
use crate::{
    error::sql,
    rows::{bytes, col, count, json as stored, maybe_json},
};

const WHAT: &str = "dumping the catalog";

impl Catalog {
    /// Everything that must be equal after a crash and a re-run, as canonical JSON: no ids, no times.
    ///
    /// Tracks by path (with state, reason, tags, properties, cover, results), artists, releases. It holds the
    /// whole library in memory: it is for tests and for comparing, not for serving.
    pub async fn canonical_dump(&self) -> Result<Value> {
        let mut tx = self.db.read(WHAT).await?;
        Ok(json!({
            "tracks": tracks(&mut tx).await?,
            "artists": artists(&mut tx).await?,
            "releases": releases(&mut tx).await?,
            "ladders": ladders(&mut tx).await?,
        }))
    }
}

async fn tracks(tx: &mut SqliteConnection) -> Result<Vec<Value>> {
    let rows = sqlx::query(
        "SELECT t.relative_path, t.upload, t.enrichment, t.size_bytes, t.title, t.state, t.failure, t.tags, t.audio, t.cover, \
             t.content, c.hash, c.warnings, a.key AS artist, r.sort AS release, t.tempo_bpm, t.key_name, \
             t.camelot, t.integrated_lufs, t.true_peak_dbtp, t.gain_db, t.duration_s \
         FROM track t LEFT JOIN content c ON c.n = t.content LEFT JOIN artist a ON a.n = t.artist \
         LEFT JOIN release r ON r.n = t.release ORDER BY t.relative_path, c.hash, t.size_bytes",
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(sql(WHAT))?;
    let mut tracks = Vec::with_capacity(rows.len());
    for row in &rows {
        let state: &str = col(row, "state")?;
        let failure: Option<TrackFailure> = maybe_json(row, "failure")?;
        // A reason beside another state is about a retry that is under way: it is not of the outcome.
        let failure = failure.filter(|_| state == "failed").map(|failure| {
            json!({"kind": failure.kind, "message": failure.message, "offset_bytes": failure.offset_bytes})
        });
        let results = match col::<Option<i64>>(row, "content")? {
            Some(content) => outcome::all(tx, content, true).await?,
            None => Vec::new(),
        };
        tracks.push(json!({
            "path": col::<&str>(row, "relative_path")?,
            "upload": col::<Option<&str>>(row, "upload")?,
            "enrichment": col::<&str>(row, "enrichment")?,
            "size_bytes": count(row, "size_bytes")?,
            "title": col::<&str>(row, "title")?,
            "state": state,
            "failure": failure,
            "tags": stored::<Tags>(row, "tags")?,
            "audio": maybe_json::<Value>(row, "audio")?,
            "cover": hex(bytes::<32>(row, "cover")?),
            "content": hex(bytes::<32>(row, "hash")?),
            "warnings": maybe_json::<Value>(row, "warnings")?,
            "artist": col::<Option<&str>>(row, "artist")?,
            "release": col::<Option<&str>>(row, "release")?,
            "shown": {
                "duration_s": col::<Option<f64>>(row, "duration_s")?,
                "tempo_bpm": col::<Option<f64>>(row, "tempo_bpm")?,
                "key": col::<Option<&str>>(row, "key_name")?,
                "camelot": col::<Option<&str>>(row, "camelot")?,
                "integrated_lufs": col::<Option<f64>>(row, "integrated_lufs")?,
                "true_peak_dbtp": col::<Option<f64>>(row, "true_peak_dbtp")?,
                "gain_db": col::<Option<f64>>(row, "gain_db")?,
            },
            "results": results,
        }));
    }
    Ok(tracks)
}

async fn artists(tx: &mut SqliteConnection) -> Result<Vec<Value>> {
    let rows = sqlx::query("SELECT key, track_count, release_count FROM artist ORDER BY key")
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    let artist = |row| {
        Ok(json!({
            "name": col::<&str>(row, "key")?,
            "track_count": count(row, "track_count")?,
            "release_count": count(row, "release_count")?,
        }))
    };
    rows.iter().map(artist).collect()
}

async fn releases(tx: &mut SqliteConnection) -> Result<Vec<Value>> {
    let rows = sqlx::query(
        "SELECT r.sort, a.key AS artist, r.year, r.cover, r.track_count FROM release r \
             LEFT JOIN artist a ON a.n = r.artist ORDER BY r.sort, a.key, r.track_count, r.year, r.cover",
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(sql(WHAT))?;
    let release = |row| {
        Ok(json!({
            "title": col::<&str>(row, "sort")?,
            "artist": col::<Option<&str>>(row, "artist")?,
            "year": col::<Option<i64>>(row, "year")?,
            "cover": hex(bytes::<32>(row, "cover")?),
            "track_count": count(row, "track_count")?,
        }))
    };
    rows.iter().map(release).collect()
}

async fn ladders(tx: &mut SqliteConnection) -> Result<Vec<Value>> {
    let rows = sqlx::query(
            "SELECT x.hash, x.profile, p.name, p.blob FROM transcode x JOIN transcode_part p ON p.transcode = x.n \
             WHERE x.pinned ORDER BY x.hash, x.profile, p.place",
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    let made = |row| {
        Ok(json!({
            "of": hex(bytes::<32>(row, "hash")?),
            "profile": col::<&str>(row, "profile")?,
            "name": col::<&str>(row, "name")?,
            "blob": hex(bytes::<32>(row, "blob")?),
        }))
    };
    rows.iter().map(made).collect()
}

fn hex(bytes: Option<[u8; 32]>) -> Option<String> {
    bytes.map(|bytes| fanfare_model::ContentHash::from_bytes(bytes).to_string())
}
