//! Mixtapes: made, changed, removed.
//!
//! Invariants: positions of a mixtape's entries are 0, 1, 2, ...; a slug never changes; who may change a mixtape is
//! asked before anything here is called.

use std::collections::HashMap;

use fanfare_model::{
    ContentHash, Error, ErrorKind, Mixtape, MixtapeId, Result, Slug, Timestamp, TrackId, UserId, mixtape,
};
use sqlx::SqliteConnection;

use super::{
    Catalog,
    leftover::{CoversOf, Leftover},
};
use crate::{
    db::commit,
    error::sql,
    folding::fold,
    fresh_id,
    rows::{bytes, col, count, id},
};

/// What slugs may not be: words that stand in the place of a slug in addresses.
const RESERVED: &[&str] = &["import"];

/// A mixtape to be made.
#[derive(Debug, Clone, Default)]
pub struct NewMixtape {
    /// Title, as [`mixtape::checked_title`] gives it.
    pub title: String,
    /// Notes, as [`mixtape::checked_notes`] gives them.
    pub notes: String,
    /// Whose it is.
    pub owner: Option<UserId>,
    /// Its tracks.
    pub tracks: Vec<TrackId>,
}

/// What is to be changed about a mixtape.
#[derive(Debug, Clone, Default)]
pub struct MixtapeChange {
    /// A new title.
    pub title: Option<String>,
    /// New notes.
    pub notes: Option<String>,
    /// All its tracks, in order. Tracks that are gone may stay where they stand in the list already.
    pub tracks: Option<Vec<TrackId>>,
}

impl Catalog {
    /// Makes a mixtape; gives its slug.
    ///
    /// # Errors
    /// `Invalid` for a track that does not exist, `LimitExceeded` for too many tracks or too many mixtapes of one person,
    /// `NotFound` when its owner is gone.
    pub async fn create_mixtape(&self, new: &NewMixtape, now: Timestamp) -> Result<Slug> {
        const WHAT: &str = "making a mixtape";
        let mut tx = self.db.write(WHAT).await?;
        let (_, slug) = insert(&mut tx, new, now).await?;
        commit(tx, WHAT).await?;
        Ok(slug)
    }

    /// Changes what is to be changed.
    ///
    /// # Errors
    /// `NotFound` when the mixtape is gone; as [`Self::create_mixtape`].
    pub async fn change_mixtape(&self, id: MixtapeId, change: &MixtapeChange, now: Timestamp) -> Result<()> {
        const WHAT: &str = "changing a mixtape";
        let mut tx = self.db.write(WHAT).await?;
        touched(
            sqlx::query(
                "UPDATE mixtape SET title = coalesce(?2, title), title_sort = coalesce(?3, title_sort), \
                     notes = coalesce(?4, notes), updated = ?5 WHERE id = ?1",
            )
            .bind(&id.as_bytes()[..])
            .bind(&change.title)
            .bind(change.title.as_deref().map(fold))
            .bind(&change.notes)
            .bind(now.0)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?
            .rows_affected(),
        )?;
        if let Some(tracks) = &change.tracks {
            put_tracks(&mut tx, id, tracks).await?;
        }
        commit(tx, WHAT).await
    }

    /// Copies title, notes, cover and entries, also those whose track is gone; gives the copy's slug.
    ///
    /// # Errors
    /// As [`Self::create_mixtape`].
    pub async fn duplicate_mixtape(
        &self,
        original: &Mixtape,
        title: &str,
        owner: Option<UserId>,
        now: Timestamp,
    ) -> Result<Slug> {
        const WHAT: &str = "copying a mixtape";
        let new =
            NewMixtape { title: title.to_owned(), notes: original.notes.clone(), owner, tracks: Vec::new() };
        let mut tx = self.db.write(WHAT).await?;
        let (copy, slug) = insert(&mut tx, &new, now).await?;
        for statement in [
            "INSERT INTO mixtape_track (mixtape, position, track, title, artist, duration_s, relative_path, hash) \
             SELECT ?2, position, track, title, artist, duration_s, \
                 relative_path, hash FROM mixtape_track WHERE mixtape = ?1",
            "UPDATE mixtape SET cover = (SELECT cover FROM mixtape WHERE id = ?1) WHERE id = ?2",
        ] {
            sqlx::query(statement)
                .bind(&original.id.as_bytes()[..])
                .bind(&copy.as_bytes()[..])
                .execute(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
        }
        commit(tx, WHAT).await?;
        Ok(slug)
    }

    /// Removes a mixtape with its public links; guests who opened one lose access at once.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn delete_mixtape(&self, id: MixtapeId) -> Result<()> {
        const WHAT: &str = "deleting a mixtape";
        let mut tx = self.db.write(WHAT).await?;
        let mut leftover = Leftover::default();
        leftover.covers(&mut tx, CoversOf::Mixtape(id.as_bytes())).await?;
        let done = sqlx::query("DELETE FROM mixtape WHERE id = ?")
            .bind(&id.as_bytes()[..])
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        touched(done.rows_affected())?;
        commit(tx, WHAT).await?;
        self.remove_left(leftover).await;
        Ok(())
    }

    /// Gives it that cover, which must be stored already; with `None` the one composed of its tracks' shows again.
    ///
    /// # Errors
    /// `NotFound` when the mixtape is gone; `Busy` when the cover was deleted meanwhile.
    pub async fn set_mixtape_cover(
        &self,
        id: MixtapeId,
        cover: Option<ContentHash>,
        now: Timestamp,
    ) -> Result<()> {
        const WHAT: &str = "setting a mixtape's cover";
        let mut tx = self.db.write(WHAT).await?;
        self.cover_is_there(cover).await?;
        let mut leftover = Leftover::default();
        leftover.covers(&mut tx, CoversOf::Mixtape(id.as_bytes())).await?;
        let done = sqlx::query("UPDATE mixtape SET cover = ?, updated = ? WHERE id = ?")
            .bind(cover.map(|cover| cover.as_bytes().to_vec()))
            .bind(now.0)
            .bind(&id.as_bytes()[..])
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        touched(done.rows_affected())?;
        commit(tx, WHAT).await?;
        self.remove_left(leftover).await;
        Ok(())
    }

    /// Notes a cover that was composed; its bytes are stored already. (This is no change of the mixtape.)
    pub async fn note_composed_cover(
        &self,
        id: MixtapeId,
        of: ContentHash,
        cover: ContentHash,
    ) -> Result<()> {
        const WHAT: &str = "noting a composed cover";
        let mut tx = self.db.write(WHAT).await?;
        self.cover_is_there(Some(cover)).await?;
        let mut leftover = Leftover::default();
        leftover.covers(&mut tx, CoversOf::Mixtape(id.as_bytes())).await?;
        sqlx::query("UPDATE mixtape SET composed = ?, composed_of = ? WHERE id = ?")
            .bind(&cover.as_bytes()[..])
            .bind(&of.as_bytes()[..])
            .bind(&id.as_bytes()[..])
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        commit(tx, WHAT).await?;
        self.remove_left(leftover).await;
        Ok(())
    }
}

/// Makes a mixtape.
async fn insert(tx: &mut SqliteConnection, new: &NewMixtape, now: Timestamp) -> Result<(MixtapeId, Slug)> {
    const WHAT: &str = "making a mixtape";
    mixtape::checked_count(new.tracks.len())?;
    let owner = new.owner.map(|owner| owner.as_bytes().to_vec());
    if let Some(owner) = &owner {
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM mixtape WHERE owner = ?1) AS mixtapes, \
                 (SELECT count(*) FROM user WHERE id = ?1) AS people",
        )
        .bind(owner)
        .fetch_one(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        if count(&row, "people")? == 0 {
            return Err(Error::new(ErrorKind::NotFound, "there is no such user"));
        }
        let has = count(&row, "mixtapes")?;
        if has >= mixtape::MAX_MIXTAPES {
            return Err(Error::limit("mixtapes", has + 1, mixtape::MAX_MIXTAPES)
                .remedy("delete mixtapes that are not needed"));
        }
    }
    let slug = free_slug(tx, &new.title).await?;
    let id = MixtapeId::from_bytes(fresh_id(now));
    sqlx::query(
        "INSERT INTO mixtape (id, slug, title, title_sort, notes, owner, created, updated) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
    )
    .bind(&id.as_bytes()[..])
    .bind(slug.as_str())
    .bind(&new.title)
    .bind(fold(&new.title))
    .bind(&new.notes)
    .bind(owner)
    .bind(now.0)
    .execute(&mut *tx)
    .await
    .map_err(sql(WHAT))?;
    put_tracks(tx, id, &new.tracks).await?;
    Ok((id, slug))
}

fn touched(rows: u64) -> Result<()> {
    if rows == 0 { Err(Error::new(ErrorKind::NotFound, "there is no such mixtape")) } else { Ok(()) }
}

/// A slug for that title which no mixtape has.
async fn free_slug(tx: &mut SqliteConnection, title: &str) -> Result<Slug> {
    const WHAT: &str = "choosing a slug";
    let folded = fold(title);
    let plain = Slug::of(&folded, 1);
    // Numbered ones of the same title are not looked through one by one.
    let taken: Vec<String> =
        sqlx::query_scalar("SELECT slug FROM mixtape WHERE slug = ?1 OR slug GLOB ?1 || '-[0-9]*'")
            .bind(plain.as_str())
            .fetch_all(tx)
            .await
            .map_err(sql(WHAT))?;
    let is_free =
        |slug: &Slug| !RESERVED.contains(&slug.as_str()) && !taken.iter().any(|taken| taken == slug.as_str());
    let numbers = 1..=taken.len() as u64 + 2;
    let free = numbers.map(|number| Slug::of(&folded, number)).find(is_free);
    free.ok_or_else(|| Error::new(ErrorKind::Internal, "no slug is free"))
}

/// Replaces the whole list.
async fn put_tracks(tx: &mut SqliteConnection, id: MixtapeId, tracks: &[TrackId]) -> Result<()> {
    const WHAT: &str = "writing a mixtape's tracks";
    mixtape::checked_count(tracks.len())?;
    let rows = sqlx::query(
        "SELECT track, title, artist, duration_s, relative_path, hash FROM mixtape_track WHERE mixtape = ?",
    )
    .bind(&id.as_bytes()[..])
    .fetch_all(&mut *tx)
    .await
    .map_err(sql(WHAT))?;
    let mut before = HashMap::new();
    for row in &rows {
        before.insert(self::id(row, "track", TrackId::from_bytes)?, row);
    }
    sqlx::query("DELETE FROM mixtape_track WHERE mixtape = ?")
        .bind(&id.as_bytes()[..])
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    for (position, track) in (0_i64..).zip(tracks) {
        let put = sqlx::query(
            "INSERT INTO mixtape_track (mixtape, position, track, title, artist, duration_s, relative_path) \
             SELECT ?1, ?2, t.id, t.title, a.name, t.duration_s, t.relative_path \
             FROM track t LEFT JOIN artist a ON a.n = t.artist WHERE t.id = ?3",
        )
        .bind(&id.as_bytes()[..])
        .bind(position)
        .bind(&track.as_bytes()[..])
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        if put.rows_affected() > 0 {
            continue;
        }
        let Some(kept) = before.get(track) else {
            return Err(Error::new(ErrorKind::Invalid, format!("there is no track {track}"))
                .remedy("take it out of the list"));
        };
        sqlx::query(
            "INSERT INTO mixtape_track (mixtape, position, track, title, artist, duration_s, relative_path, hash) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&id.as_bytes()[..])
        .bind(position)
        .bind(&track.as_bytes()[..])
        .bind(col::<&str>(kept, "title")?)
        .bind(col::<Option<&str>>(kept, "artist")?)
        .bind(col::<Option<f64>>(kept, "duration_s")?)
        .bind(col::<&str>(kept, "relative_path")?)
        .bind(bytes::<32>(kept, "hash")?.map(|hash| hash.to_vec()))
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    }
    Ok(())
}
