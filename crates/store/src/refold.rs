//! Folds the names of a whole database again, when the program that stored them had another version of the folding; and the
//! one place that says by which texts a track is searched and sorted.
//!
//! Invariants: rows are folded in batches, each in one transaction with the note of how far it is, so an interruption costs at
//! most a batch; what other processes add meanwhile is folded by them.

use std::time::{Duration, Instant};

use fanfare_model::{Result, Tags};
use sqlx::SqliteConnection;

use crate::{
    db::{Db, commit},
    error::sql,
    folding::{FOLDING, fold},
    rows::{col, json},
    search::index_text,
};

/// Rows that are folded in one transaction: some 50 ms of work, so that nobody else waits long for the right to write.
const BATCH: i64 = 500;
/// How often the log says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(2);
const WHAT: &str = "folding names again for searching and sorting";

/// What is folded, in order: the table, its rows behind one, and how one is changed.
const STAGES: [(&str, &str, &str); 4] = [
    (
        "artist",
        "SELECT n, name FROM artist WHERE n > ? ORDER BY n LIMIT ?",
        "UPDATE artist SET sort = ? WHERE n = ?",
    ),
    (
        "release",
        "SELECT n, title AS name FROM release WHERE n > ? ORDER BY n LIMIT ?",
        "UPDATE release SET sort = ? WHERE n = ?",
    ),
    // Few, and without row numbers: all at once.
    (
        "mixtape",
        "SELECT 0 AS n, id, title AS name FROM mixtape WHERE ? = 0 AND ? > 0",
        "UPDATE mixtape SET title_sort = ? WHERE id = ?",
    ),
    ("track", "SELECT n, title AS name, tags, presence FROM track WHERE n > ? ORDER BY n LIMIT ?", ""),
];

/// Brings every folded name up to date. Costs one look when they are.
pub(crate) async fn refold(db: &Db) -> Result<()> {
    let (began, mut told, mut done) = (Instant::now(), Instant::now(), 0_u64);
    loop {
        let mut reader = db.reader(WHAT).await?;
        let version: i64 = sqlx::query_scalar("SELECT version FROM folding")
            .fetch_one(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        drop(reader);
        if version == FOLDING {
            break;
        }
        done += step(db).await?;
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            let rows = rows_left(db).await?;
            tracing::info!(done, left = rows, "names are folded again for searching and sorting");
        }
    }
    if done > 0 {
        let ms = began.elapsed().as_millis();
        tracing::info!(done, ms, "names were folded again for searching and sorting");
    }
    Ok(())
}

/// One batch; returns how many rows it had.
async fn step(db: &Db) -> Result<u64> {
    let mut tx = db.write(WHAT).await?;
    // Nobody's rights and no file depend on it.
    tx.is_a_note();
    // A run that was begun for another version of the folding begins again.
    let row = sqlx::query(
        "UPDATE folding SET stage = CASE WHEN aim = ?1 THEN stage ELSE 0 END, done_to = CASE WHEN aim = ?1 THEN done_to ELSE 0 END, \
             aim = ?1 RETURNING stage, done_to",
    )
    .bind(FOLDING)
    .fetch_one(&mut *tx)
    .await
    .map_err(sql(WHAT))?;
    let (stage, from): (i64, i64) = (col(&row, "stage")?, col(&row, "done_to")?);
    let Some((table, select, update)) = usize::try_from(stage).ok().and_then(|stage| STAGES.get(stage))
    else {
        sqlx::query("UPDATE folding SET version = ?")
            .bind(FOLDING)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        commit(tx, WHAT).await?;
        return Ok(0);
    };
    let rows = sqlx::query(*select).bind(from).bind(BATCH).fetch_all(&mut *tx).await.map_err(sql(WHAT))?;
    let mut last = from;
    for row in &rows {
        last = col(row, "n")?;
        let name: &str = col(row, "name")?;
        if *table == "track" {
            let tags: Tags = json(row, "tags")?;
            track(&mut tx, last, name, &tags, col::<&str>(row, "presence")? == "here").await?;
            continue;
        }
        let update = sqlx::query(*update).bind(fold(name));
        let update = match *table {
            "mixtape" => update.bind(col::<Vec<u8>>(row, "id")?),
            _ => update.bind(last),
        };
        update.execute(&mut *tx).await.map_err(sql(WHAT))?;
    }
    let is_last = *table == "mixtape" || (rows.len() as i64) < BATCH;
    let (stage, last) = if is_last { (stage + 1, 0) } else { (stage, last) };
    sqlx::query("UPDATE folding SET stage = ?, done_to = ?")
        .bind(stage)
        .bind(last)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    commit(tx, WHAT).await?;
    Ok(rows.len() as u64)
}

async fn track(tx: &mut SqliteConnection, n: i64, title: &str, tags: &Tags, is_here: bool) -> Result<()> {
    sqlx::query("UPDATE track SET title_sort = ?, artist_sort = ?, album_sort = ? WHERE n = ?")
        .bind(fold(title))
        .bind(artist_sort(tags))
        .bind(album_sort(tags))
        .bind(n)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    if is_here { index(tx, n, title, tags).await } else { Ok(()) }
}

async fn rows_left(db: &Db) -> Result<i64> {
    let mut reader = db.reader(WHAT).await?;
    let mut left = 0;
    let row =
        sqlx::query("SELECT stage, done_to FROM folding").fetch_one(&mut *reader).await.map_err(sql(WHAT))?;
    let (now, from): (i64, i64) = (col(&row, "stage")?, col(&row, "done_to")?);
    for (stage, (table, ..)) in (0_i64..).zip(STAGES) {
        let rows = match table {
            _ if stage < now => continue,
            "mixtape" => "SELECT count(*) FROM mixtape".to_owned(),
            _ => format!("SELECT count(*) FROM {table} WHERE n > {}", if stage == now { from } else { 0 }),
        };
        // Names of tables from above, and a number.
        let rows = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(rows));
        left += rows.fetch_one(&mut *reader).await.map_err(sql(WHAT))?;
    }
    Ok(left)
}

/// What a track is sorted by as an artist's; nothing at all comes last, an empty text would come first.
pub(crate) fn artist_sort(tags: &Tags) -> Option<String> {
    tags.artist.as_deref().or(tags.album_artist.as_deref()).map(fold).filter(|key| !key.is_empty())
}

/// What a track is sorted by as an album's.
pub(crate) fn album_sort(tags: &Tags) -> Option<String> {
    tags.album.as_deref().map(fold).filter(|key| !key.is_empty())
}

/// Puts the track's words into the search index, in place of those that were there.
pub(crate) async fn index(tx: &mut SqliteConnection, n: i64, title: &str, tags: &Tags) -> Result<()> {
    let held = |text: Option<&str>| text.map(index_text);
    sqlx::query(
        "INSERT OR REPLACE INTO track_search (rowid, title, artist, album, album_artist, genre, year) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(n)
    .bind(index_text(title))
    .bind(held(tags.artist.as_deref()))
    .bind(held(tags.album.as_deref()))
    .bind(held(tags.album_artist.as_deref()))
    .bind(held(tags.genre.as_deref()))
    .bind(tags.year.map(|year| year.to_string()))
    .execute(tx)
    .await
    .map_err(sql("indexing a track for search"))?;
    Ok(())
}
