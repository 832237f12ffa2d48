//! Entries of mixtapes whose track leaves the library, and comes back.
//!
//! A track that leaves gives its entries what it was called last and the hash of its bytes; a track of the same bytes
//! that is there, or comes later, takes the place.

use fanfare_model::{ContentHash, Result, TrackId};
use sqlx::SqliteConnection;

use crate::{error::sql, rows::maybe_hash};

const WHAT: &str = "keeping what mixtapes say of a track";

/// Which tracks are about to be removed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Leaving {
    /// The one of that row number.
    Track(i64),
    /// All of that folder.
    Folder(i64),
}

macro_rules! keep {
    ($which:literal) => {
        concat!(
            "UPDATE mixtape_track SET title = t.title, artist = a.name, \
                 duration_s = coalesce(t.duration_s, mixtape_track.duration_s), hash = coalesce(t.hash, c.hash) \
             FROM track t LEFT JOIN artist a ON a.n = t.artist LEFT JOIN content c ON c.n = t.content \
             WHERE t.id = mixtape_track.track AND ",
            $which,
            " RETURNING hash"
        )
    };
}

/// Notes what leaving tracks were called; gives the hashes of those that stand in a mixtape.
pub(super) async fn keep(tx: &mut SqliteConnection, leaving: Leaving) -> Result<Vec<ContentHash>> {
    let (statement, n) = match leaving {
        Leaving::Track(n) => (keep!("t.n = ?"), n),
        Leaving::Folder(n) => (keep!("t.folder = ?"), n),
    };
    let rows = sqlx::query(statement).bind(n).fetch_all(tx).await.map_err(sql(WHAT))?;
    let mut hashes = Vec::new();
    for row in &rows {
        hashes.extend(maybe_hash(row, "hash")?);
    }
    hashes.sort_unstable();
    hashes.dedup();
    Ok(hashes)
}

/// Puts other tracks of the same bytes into the places of those that have left.
pub(super) async fn replace(tx: &mut SqliteConnection, hashes: &[ContentHash]) -> Result<()> {
    for hash in hashes {
        let duplicate: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT id FROM track WHERE hash = ? ORDER BY presence <> 'here', n LIMIT 1")
                .bind(&hash.as_bytes()[..])
                .fetch_optional(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
        if let Some(duplicate) = duplicate {
            put(tx, &duplicate, *hash).await?;
        }
    }
    Ok(())
}

/// Puts a track whose bytes have just become known into the places of those that had the same bytes.
pub(super) async fn came_back(tx: &mut SqliteConnection, track: TrackId, hash: ContentHash) -> Result<()> {
    put(tx, track.as_bytes(), hash).await
}

async fn put(tx: &mut SqliteConnection, track: &[u8], hash: ContentHash) -> Result<()> {
    sqlx::query("UPDATE mixtape_track SET track = ?, hash = NULL WHERE hash = ?")
        .bind(track)
        .bind(&hash.as_bytes()[..])
        .execute(tx)
        .await
        .map_err(sql(WHAT))?;
    Ok(())
}
