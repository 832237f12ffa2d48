//! Mixtapes: lists of them, one of them, what is in it.

use fanfare_model::{ContentHash, Mixtape, MixtapeEntry, MixtapeId, Result, Slug, TrackId, UserId};
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow};

use super::{
    Catalog,
    paging::{Page, page_bounds},
    track_rows::{TrackRow, row_columns, row_joins, track_row},
};
use crate::{
    error::{sql, strange},
    rows::{col, count, id, maybe_hash, maybe_id, time},
    search::search_words,
};

const COLUMNS: &str = "SELECT m.id, m.slug, m.title, m.notes, m.owner, u.name AS owner_name, m.cover, m.created, \
     m.updated, count(e.position) AS entries, count(e.position) - count(t.n) AS missing, \
     total(t.duration_s) AS duration_s, count(t.cover) > 0 AS has_art FROM ";
const JOINS: &str = " m LEFT JOIN user u ON u.id = m.owner LEFT JOIN mixtape_track e ON e.mixtape = m.id \
     LEFT JOIN track t ON t.id = e.track AND t.presence = 'here'";

/// Which mixtapes, in which order.
#[derive(Debug, Clone, Default)]
pub struct MixtapeQuery {
    /// Words that the title has.
    pub search: Option<String>,
    /// By title; else the one that changed last comes first.
    pub by_title: bool,
    /// First row.
    pub offset: u64,
    /// Rows wanted.
    pub limit: u32,
}

impl Catalog {
    /// A page of mixtapes.
    pub async fn mixtapes(&self, query: &MixtapeQuery) -> Result<Page<Mixtape>> {
        const WHAT: &str = "listing mixtapes";
        let words = search_words(query.search.as_deref().unwrap_or_default());
        let filter = |builder: &mut QueryBuilder<Sqlite>| {
            builder.push(" WHERE 1");
            for word in &words {
                builder.push(" AND instr(m.title_sort, ").push_bind(word.clone()).push(") > 0");
            }
        };
        let mut tx = self.db.read(WHAT).await?;
        let mut counting = QueryBuilder::<Sqlite>::new("SELECT count(*) FROM mixtape m");
        filter(&mut counting);
        let total: i64 = counting.build_query_scalar().fetch_one(&mut *tx).await.map_err(sql(WHAT))?;
        let (limit, offset) = page_bounds(query.offset, query.limit);
        let order = if query.by_title { "m.title_sort, m.id" } else { "m.updated DESC, m.id DESC" };
        let mut listing = QueryBuilder::<Sqlite>::new(COLUMNS);
        // The page first: what is in a mixtape is counted for those that are shown.
        listing.push("(SELECT * FROM mixtape m");
        filter(&mut listing);
        listing
            .push(" ORDER BY ")
            .push(order)
            .push(" LIMIT ")
            .push_bind(limit)
            .push(" OFFSET ")
            .push_bind(offset);
        listing.push(")").push(JOINS).push(" GROUP BY m.id ORDER BY ").push(order);
        let rows = listing.build().fetch_all(&mut *tx).await.map_err(sql(WHAT))?;
        Ok(Page {
            items: rows.iter().map(mixtape).collect::<Result<_>>()?,
            total: u64::try_from(total).unwrap_or(0),
        })
    }

    /// The mixtape of that slug.
    pub async fn mixtape(&self, slug: &Slug) -> Result<Option<Mixtape>> {
        const WHAT: &str = "reading a mixtape";
        let mut reader = self.db.reader(WHAT).await?;
        let mut query = QueryBuilder::<Sqlite>::new(COLUMNS);
        query
            .push("mixtape")
            .push(JOINS)
            .push(" WHERE m.slug = ")
            .push_bind(slug.as_str())
            .push(" GROUP BY m.id");
        let row = query.build().fetch_optional(&mut *reader).await.map_err(sql(WHAT))?;
        row.as_ref().map(mixtape).transpose()
    }

    /// Its entries, in order, each with its track, if that is there.
    pub async fn mixtape_entries(&self, id: MixtapeId) -> Result<Vec<(MixtapeEntry, Option<TrackRow>)>> {
        const WHAT: &str = "reading a mixtape's tracks";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(concat!(
            "SELECT e.track AS entry_track, e.title AS entry_title, e.artist AS entry_artist, \
                 e.duration_s AS entry_duration_s, e.relative_path AS entry_path, ",
            row_columns!(),
            " FROM mixtape_track e LEFT JOIN track t ON t.id = e.track AND t.presence = 'here'",
            row_joins!(),
            " WHERE e.mixtape = ? ORDER BY e.position"
        ))
        .bind(&id.as_bytes()[..])
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        rows.iter().map(entry).collect()
    }

    /// Ids of its tracks that are there, in order.
    pub async fn mixtape_tracks(&self, id: MixtapeId) -> Result<Vec<TrackId>> {
        const WHAT: &str = "reading a mixtape's tracks";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT t.id FROM mixtape_track e JOIN track t ON t.id = e.track AND t.presence = 'here' \
             WHERE e.mixtape = ? ORDER BY e.position",
        )
        .bind(&id.as_bytes()[..])
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        rows.iter().map(|row| self::id(row, "id", TrackId::from_bytes)).collect()
    }

    /// The cover that was composed of what has that hash, if the last one was.
    pub async fn composed_cover(&self, id: MixtapeId, of: ContentHash) -> Result<Option<ContentHash>> {
        const WHAT: &str = "looking for a composed cover";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query("SELECT composed FROM mixtape WHERE id = ? AND composed_of = ?")
            .bind(&id.as_bytes()[..])
            .bind(&of.as_bytes()[..])
            .fetch_optional(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        row.map_or(Ok(None), |row| maybe_hash(&row, "composed"))
    }
}

fn mixtape(row: &SqliteRow) -> Result<Mixtape> {
    let slug: &str = col(row, "slug")?;
    Ok(Mixtape {
        id: id(row, "id", MixtapeId::from_bytes)?,
        slug: slug.parse().map_err(|_| strange(format_args!("the slug `{slug}`")))?,
        title: col(row, "title")?,
        notes: col(row, "notes")?,
        owner: maybe_id(row, "owner", UserId::from_bytes)?,
        owner_name: col(row, "owner_name")?,
        cover: maybe_hash(row, "cover")?,
        has_art: col(row, "has_art")?,
        track_count: count(row, "entries")?,
        missing: count(row, "missing")?,
        duration_s: col(row, "duration_s")?,
        created: time(row, "created")?,
        updated: time(row, "updated")?,
    })
}

fn entry(row: &SqliteRow) -> Result<(MixtapeEntry, Option<TrackRow>)> {
    let there = maybe_id(row, "id", TrackId::from_bytes)?.is_some();
    let track = if there { Some(track_row(row)?) } else { None };
    let entry = MixtapeEntry {
        track: id(row, "entry_track", TrackId::from_bytes)?,
        title: col(row, "entry_title")?,
        artist: col(row, "entry_artist")?,
        duration_s: col(row, "entry_duration_s")?,
        relative_path: col(row, "entry_path")?,
    };
    Ok((entry, track))
}
