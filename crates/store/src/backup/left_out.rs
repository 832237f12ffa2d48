//! What becomes of rows whose files a restore left out, because the backup has them damaged or not at all.
//!
//! What can be made again is forgotten, so that it is: streams, covers. The row of an upload stays: its results are there, and
//! the same file, sent again, takes its place.

use std::path::Path;

use fanfare_model::{ContentHash, Result};
use sqlx::Connection as _;

use super::{damaged::Damaged, named::open};
use crate::{BlobKind, error::sql};

const WHAT: &str = "leaving out what is damaged in the backup";

/// Statements with the name of a cover.
const COVER: &[&str] = &[
    // Those of uploads are made by the next start, those of library folders by `fanfare scan --full`.
    "UPDATE track SET cover = NULL, cover_wanted = coalesce(upload = 'original', 0) WHERE cover = ?",
    "UPDATE release SET cover = (SELECT t.cover FROM track t WHERE t.release = release.n AND t.cover IS NOT NULL \
      ORDER BY t.n LIMIT 1) WHERE cover = ?",
    "UPDATE mixtape SET cover = NULL WHERE cover = ?",
    "UPDATE mixtape SET composed = NULL, composed_of = NULL WHERE composed = ?",
];
/// With the name of a part of a stream.
const MEDIA: &[&str] =
    &["DELETE FROM transcode WHERE n IN (SELECT transcode FROM transcode_part WHERE blob = ?)"];

/// Changes the rows, in one transaction, in a database that nobody else has open.
pub(super) async fn forget(database: &Path, files: &[Damaged]) -> Result<()> {
    let mut connection = open(database).await?;
    for pragma in ["PRAGMA journal_mode = DELETE", "PRAGMA foreign_keys = ON"] {
        sqlx::raw_sql(pragma).execute(&mut connection).await.map_err(sql(WHAT))?;
    }
    let mut transaction = connection.begin().await.map_err(sql(WHAT))?;
    for file in files {
        let Ok(name) = file.name.parse::<ContentHash>() else { continue };
        let statements = match file.kind.as_str() {
            kind if kind == BlobKind::Cover.as_str() => COVER,
            kind if kind == BlobKind::Media.as_str() => MEDIA,
            _ => &[],
        };
        for statement in statements {
            sqlx::query(*statement)
                .bind(&name.as_bytes()[..])
                .execute(&mut *transaction)
                .await
                .map_err(sql(WHAT))?;
        }
    }
    transaction.commit().await.map_err(sql(WHAT))?;
    connection.close().await.map_err(sql(WHAT))
}
