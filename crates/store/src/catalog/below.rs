//! The tracks that a path on this machine means.

use std::path::Path;

use fanfare_model::{Result, TrackId};

use super::Catalog;
use crate::{error::sql, rows::id};

impl Catalog {
    /// The tracks of library folders that are that file or lie below that folder, in order of their paths. The path is
    /// absolute and compared as it is written; nothing is looked up on the disk.
    pub async fn tracks_below(&self, path: &Path) -> Result<Vec<TrackId>> {
        const WHAT: &str = "looking for the tracks below a path";
        let mut found = Vec::new();
        for folder in self.folders().await? {
            // Below `a/b` lies what begins with `a/b/`; `0` is the character behind `/`.
            let (exact, from, to) = match path.strip_prefix(&folder.path).map(Path::to_str) {
                Ok(Some("")) => (String::new(), String::new(), None),
                Ok(Some(relative)) => {
                    (relative.to_owned(), format!("{relative}/"), Some(format!("{relative}0")))
                }
                Ok(None) => continue, // a track's name is text
                Err(_) if folder.path.starts_with(path) => (String::new(), String::new(), None),
                Err(_) => continue,
            };
            let rows = sqlx::query(
                "SELECT t.id FROM track t WHERE t.folder = (SELECT n FROM folder WHERE id = ?1) AND t.presence = 'here' \
                     AND (t.relative_path = ?2 OR (t.relative_path >= ?3 AND (?4 IS NULL OR t.relative_path < ?4))) \
                 ORDER BY t.relative_path",
            )
            .bind(&folder.id.as_bytes()[..])
            .bind(exact)
            .bind(from)
            .bind(to)
            .fetch_all(&mut *self.db.reader(WHAT).await?)
            .await
            .map_err(sql(WHAT))?;
            for row in &rows {
                found.push(id(row, "id", TrackId::from_bytes)?);
            }
        }
        Ok(found)
    }
}
