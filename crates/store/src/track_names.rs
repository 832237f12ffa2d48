//! What people are shown of a track's file.

use fanfare_model::Result;
use sqlx::SqliteConnection;

use crate::{error::sql, paths::path, rows::col};

/// What people are shown of a track's file: its path, or the name under which it was uploaded. `None` without such a
/// track.
pub(crate) async fn shown_name(connection: &mut SqliteConnection, track: &[u8]) -> Result<Option<String>> {
    const WHAT: &str = "looking for a track's name";
    let row = sqlx::query(
        "SELECT f.path, t.relative_path FROM track t LEFT JOIN folder f ON f.n = t.folder WHERE t.id = ?",
    )
    .bind(track)
    .fetch_optional(connection)
    .await
    .map_err(sql(WHAT))?;
    let Some(row) = row else { return Ok(None) };
    let name = col::<&str>(&row, "relative_path")?;
    Ok(Some(match col::<Option<&[u8]>>(&row, "path")? {
        Some(folder) => path(folder)?.join(name).display().to_string(),
        None => name.to_owned(),
    }))
}
