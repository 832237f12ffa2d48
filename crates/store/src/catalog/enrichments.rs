//! What follows from the sound beyond the first analysis: estimates and the embedding.

use fanfare_model::{
    Result, TrackId,
    enrichment::{Embedding, Enrichment},
};
use sqlx::SqliteConnection;

use super::Catalog;
use crate::{
    error::{sql, strange},
    rows::{col, json, to_json},
};

/// The name under which an enrichment without an embedding is stored.
const NO_MODEL: &str = "none";

impl Catalog {
    /// What enrichment found of a track; `None` while it was not enriched.
    pub async fn enrichment(&self, id: TrackId) -> Result<Option<Enrichment>> {
        const WHAT: &str = "reading an enrichment";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query(
            "SELECT e.model, e.version, e.body, e.vector FROM track t JOIN enrichment e ON e.content = t.content \
             WHERE t.id = ? ORDER BY e.vector IS NULL, e.model LIMIT 1",
        )
        .bind(&id.as_bytes()[..])
        .fetch_optional(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        let Some(row) = row else { return Ok(None) };
        let mut found: Enrichment = json(&row, "body")?;
        if let Some(vector) = col::<Option<&[u8]>>(&row, "vector")? {
            let (numbers, rest) = vector.as_chunks::<4>();
            if !rest.is_empty() {
                return Err(strange("a vector of broken numbers"));
            }
            found.embedding = Some(Embedding {
                model: col(&row, "model")?,
                version: col(&row, "version")?,
                values: numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            });
        }
        Ok(Some(found))
    }
}

/// Stores an enrichment in place of the earlier one of the same model.
pub(super) async fn put(tx: &mut SqliteConnection, content: i64, found: &Enrichment) -> Result<()> {
    let body = Enrichment { embedding: None, ..found.clone() };
    let embedding = found.embedding.as_ref();
    let vector =
        embedding.map(|embedding| embedding.values.iter().flat_map(|value| value.to_le_bytes()).collect());
    sqlx::query(
        "INSERT INTO enrichment (content, model, version, body, vector) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (content, model) DO UPDATE SET version = excluded.version, body = excluded.body, \
             vector = excluded.vector",
    )
    .bind(content)
    .bind(embedding.map_or(NO_MODEL, |embedding| &embedding.model))
    .bind(embedding.map_or(0, |embedding| embedding.version))
    .bind(to_json(&body)?)
    .bind::<Option<Vec<u8>>>(vector)
    .execute(tx)
    .await
    .map_err(sql("storing an enrichment"))?;
    Ok(())
}
