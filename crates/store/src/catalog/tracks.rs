//! Lists of tracks: filter, search, sort, page.
//!
//! A page is found inside one index (row numbers only), then its few rows are read: a list of 100,000
//! tracks costs what its page costs.

use std::path::PathBuf;

use fanfare_model::{Result, TrackId, UploadedBytes};
use sqlx::{QueryBuilder, Sqlite};

use super::{
    Catalog,
    paging::{Page, page_bounds},
    shuffled::shuffled_page,
    track_filter::{Filter, SORTED_MATCHES, TrackQuery, TrackSort, Wanted, order},
    track_rows::{TrackRow, row_columns, row_joins, track_row, uploaded},
};
use crate::{
    BlobKind,
    error::sql,
    paths::path,
    rows::{col, maybe_hash},
    track_names::shown_name,
};

impl Catalog {
    /// The track of that id.
    pub async fn track(&self, id: TrackId) -> Result<Option<TrackRow>> {
        const WHAT: &str = "reading a track";
        let mut reader = self.db.reader(WHAT).await?;
        let row =
            sqlx::query(concat!("SELECT ", row_columns!(), " FROM track t", row_joins!(), " WHERE t.id = ?"))
                .bind(&id.as_bytes()[..])
                .fetch_optional(&mut *reader)
                .await
                .map_err(sql(WHAT))?;
        row.as_ref().map(track_row).transpose()
    }

    /// The absolute path of the track's file: in its library folder, or of the blob that an upload is kept as. `None`
    /// when there is no such track, or its uploaded file was not kept.
    pub async fn track_path(&self, id: TrackId) -> Result<Option<PathBuf>> {
        const WHAT: &str = "looking for a track's file";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query(
            "SELECT f.path, t.relative_path, t.upload, t.hash FROM track t \
             LEFT JOIN folder f ON f.n = t.folder WHERE t.id = ?",
        )
        .bind(&id.as_bytes()[..])
        .fetch_optional(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        drop(reader);
        let Some(row) = row else { return Ok(None) };
        if let Some(folder) = col::<Option<&[u8]>>(&row, "path")? {
            return Ok(Some(path(folder)?.join(col::<&str>(&row, "relative_path")?)));
        }
        match (uploaded(&row)?, maybe_hash(&row, "hash")?) {
            (Some(UploadedBytes::Incoming | UploadedBytes::Original), Some(hash)) => {
                self.blobs.local(BlobKind::Upload, hash).await
            }
            _ => Ok(None),
        }
    }

    /// What people are shown of a track's file: its path, or the name under which it was uploaded. `None` without such a
    /// track.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn shown_name(&self, id: TrackId) -> Result<Option<String>> {
        shown_name(&mut *self.db.reader("looking for a track's name").await?, id.as_bytes()).await
    }

    /// A page of tracks. A search that holds no words finds everything.
    pub async fn tracks(&self, query: &TrackQuery) -> Result<Page<TrackRow>> {
        const WHAT: &str = "listing tracks";
        // Both statements see the same state of the library.
        let mut tx = self.db.read(WHAT).await?;
        let filter = Filter::of(query);
        let mut counting = filter.counting();
        let total: i64 =
            counting.build_query_scalar().fetch_one(&mut *tx).await.map_err(sql("counting tracks"))?;
        if total == 0 {
            return Ok(Page { items: Vec::new(), total: 0 });
        }
        let total = u64::try_from(total).unwrap_or(0);
        let (limit, offset) = page_bounds(query.offset, query.limit);
        if let TrackSort::Shuffled(seed) = query.sort {
            let items = shuffled_page(&mut tx, &filter, seed, (limit, offset)).await?;
            return Ok(Page { items, total });
        }
        let order = order(query.sort, query.descending);
        let mut listing =
            QueryBuilder::<Sqlite>::new(concat!("SELECT ", row_columns!(), " FROM (SELECT t.n FROM track t"));
        filter.push(&mut listing, Wanted::Page { walk: total > SORTED_MATCHES });
        listing.push(" ORDER BY ").push(&order).push(" LIMIT ").push_bind(limit);
        listing.push(" OFFSET ").push_bind(offset);
        // CROSS JOIN keeps the page outermost: its rows are looked up, not searched for.
        listing.push(concat!(") p CROSS JOIN track t ON t.n = p.n", row_joins!(), " ORDER BY ")).push(&order);
        let rows = listing.build().fetch_all(&mut *tx).await.map_err(sql(WHAT))?;
        Ok(Page { items: rows.iter().map(track_row).collect::<Result<_>>()?, total })
    }
}
