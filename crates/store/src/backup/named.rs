//! [`Named`]: the blobs that rows of a snapshot name. Nobody writes a snapshot.

use std::{fs, path::Path};

use fanfare_model::{ContentHash, Result};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions,
};

use super::{damaged::Damaged, files::blob_path, manifest::Kept};
use crate::{
    BlobKind,
    catalog::{blob_names::referred_to, deep::titles_of},
    error::sql,
    rows::maybe_hash,
};

/// How the names of snapshots begin.
pub(super) const SNAPSHOT: &str = "database-";
const WHAT: &str = "reading the database of a backup";

/// Blobs that rows of a database name.
pub(super) struct Named(Vec<(BlobKind, Vec<ContentHash>)>);

impl Named {
    pub(super) fn all(&self) -> impl Iterator<Item = (BlobKind, ContentHash)> + '_ {
        self.0.iter().flat_map(|(kind, names)| names.iter().map(|name| (*kind, *name)))
    }

    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|(_, names)| names.len() as u64).sum()
    }

    /// How much of each kind lies in a backup.
    pub(super) fn kept(&self, place: &Path) -> Vec<Kept> {
        let blobs = place.join("blobs");
        let of = |(kind, names): &(BlobKind, Vec<ContentHash>)| {
            let sizes = names.iter().filter_map(|name| fs::metadata(blob_path(&blobs, *kind, *name)).ok());
            let (files, bytes) = sizes.fold((0, 0), |(files, bytes), meta| (files + 1, bytes + meta.len()));
            Kept { kind: kind.as_str().to_owned(), files, bytes }
        };
        self.0.iter().map(of).collect()
    }
}

/// Says whose the files are, by a database that nobody writes.
pub(super) async fn add_titles(database: &Path, files: &mut [Damaged]) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let mut connection = open(database).await?;
    for file in files {
        let Ok(name) = file.name.parse::<ContentHash>() else { continue };
        file.titles = titles_of(&mut connection, &file.kind, Some(name)).await?;
    }
    connection.close().await.map_err(sql(WHAT))
}

/// The blobs that rows of that database name, which nobody writes.
pub(super) async fn names_in(database: &Path) -> Result<Named> {
    let mut connection = open(database).await?;
    let mut named = Vec::new();
    for kind in BlobKind::ALL {
        let statement = format!("SELECT DISTINCT name FROM ({}) ORDER BY name", referred_to(*kind));
        let rows =
            sqlx::query(AssertSqlSafe(statement)).fetch_all(&mut connection).await.map_err(sql(WHAT))?;
        let mut names = Vec::with_capacity(rows.len());
        for row in &rows {
            names.extend(maybe_hash(row, "name")?);
        }
        named.push((*kind, names));
    }
    connection.close().await.map_err(sql(WHAT))?;
    Ok(Named(named))
}

/// A connection to a database file that is there.
pub(super) async fn open(file: &Path) -> Result<SqliteConnection> {
    options(file).connect().await.map_err(sql(WHAT))
}

pub(super) fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .pragma("trusted_schema", "off")
        .disable_statement_logging()
}
