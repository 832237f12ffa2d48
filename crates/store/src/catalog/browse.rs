//! Artists, releases, and how much there is.

use fanfare_model::{
    ArtistId, ReleaseId, Result, TrackState,
    library::{Artist, Release},
};
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow};

use super::{Catalog, LibraryCounts, Page, folders::track_state, page_bounds};
use crate::{
    error::sql,
    rows::{col, count, id, maybe_hash, maybe_id},
    search::search_words,
};

/// Artists and releases of which every track is missing are hidden like the tracks.
const SHOWN_ARTIST: &str = "(o.track_count > 0 OR o.release_count > 0)";
const SHOWN_RELEASE: &str = "o.track_count > 0";
const ARTIST: &str = "SELECT id, name, track_count, release_count FROM artist o";
const RELEASE: &str = "SELECT o.id, o.title, o.year, o.track_count, o.cover, a.id AS artist_id, \
                       a.name AS artist_name FROM release o LEFT JOIN artist a ON a.n = o.artist";

impl Catalog {
    /// A page of artists by name; each word of the search must be part of it.
    pub async fn artists(&self, search: Option<&str>, offset: u64, limit: u32) -> Result<Page<Artist>> {
        self.page(ARTIST, ("artist", SHOWN_ARTIST), None, search, (offset, limit), artist).await
    }

    /// The artist of that id.
    pub async fn artist(&self, id: ArtistId) -> Result<Option<Artist>> {
        self.one(ARTIST, id.as_bytes(), artist).await
    }

    /// A page of releases by title, of one artist if given; each word of the search must be part of the title or of
    /// the artist's name, or be the year.
    pub async fn releases(
        &self,
        artist: Option<ArtistId>,
        search: Option<&str>,
        offset: u64,
        limit: u32,
    ) -> Result<Page<Release>> {
        self.page(RELEASE, ("release", SHOWN_RELEASE), artist, search, (offset, limit), release).await
    }

    /// The release of that id.
    pub async fn release(&self, id: ReleaseId) -> Result<Option<Release>> {
        self.one(RELEASE, id.as_bytes(), release).await
    }

    async fn page<T>(
        &self,
        select: &'static str,
        (table, shown): (&'static str, &'static str),
        artist: Option<ArtistId>,
        search: Option<&str>,
        (offset, limit): (u64, u32),
        make: fn(&SqliteRow) -> Result<T>,
    ) -> Result<Page<T>> {
        const WHAT: &str = "listing artists or releases";
        let words = search_words(search.unwrap_or_default());
        let filter = |builder: &mut QueryBuilder<Sqlite>| {
            builder.push(" WHERE ").push(shown);
            if let Some(artist) = artist {
                builder.push(" AND o.artist = (SELECT n FROM artist WHERE id = ");
                builder.push_bind(artist.as_bytes().to_vec()).push(")");
            }
            for word in &words {
                builder.push(" AND (instr(o.sort, ").push_bind(word.clone()).push(") > 0");
                if table == "release" {
                    builder.push(" OR o.year = ").push_bind(word.clone());
                    builder
                        .push(" OR o.artist IN (SELECT n FROM artist WHERE instr(sort, ")
                        .push_bind(word.clone())
                        .push(") > 0)");
                }
                builder.push(")");
            }
        };
        let mut tx = self.db.read(WHAT).await?;
        let mut counting = QueryBuilder::<Sqlite>::new(format!("SELECT count(*) FROM {table} o"));
        filter(&mut counting);
        let total: i64 = counting.build_query_scalar().fetch_one(&mut *tx).await.map_err(sql(WHAT))?;
        let (limit, offset) = page_bounds(offset, limit);
        let mut listing = QueryBuilder::<Sqlite>::new(select);
        filter(&mut listing);
        listing.push(" ORDER BY o.sort, o.n LIMIT ").push_bind(limit).push(" OFFSET ").push_bind(offset);
        let rows = listing.build().fetch_all(&mut *tx).await.map_err(sql(WHAT))?;
        Ok(Page {
            items: rows.iter().map(make).collect::<Result<_>>()?,
            total: u64::try_from(total).unwrap_or(0),
        })
    }

    async fn one<T>(
        &self,
        select: &'static str,
        id: &[u8; 16],
        make: fn(&SqliteRow) -> Result<T>,
    ) -> Result<Option<T>> {
        const WHAT: &str = "reading an artist or release";
        let mut reader = self.db.reader(WHAT).await?;
        let mut query = QueryBuilder::<Sqlite>::new(select);
        query.push(" WHERE o.id = ").push_bind(id.to_vec());
        let row = query.build().fetch_optional(&mut *reader).await.map_err(sql(WHAT))?;
        row.as_ref().map(make).transpose()
    }

    /// How many tracks are in which state, and how long they play.
    pub async fn counts(&self) -> Result<LibraryCounts> {
        const WHAT: &str = "counting the library";
        let mut tx = self.db.read(WHAT).await?;
        let rows = sqlx::query(
            "SELECT state, count(*) AS tracks, total(duration_s) AS duration_s FROM track \
             WHERE presence = 'here' GROUP BY state",
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        let mut counts = LibraryCounts::default();
        for row in &rows {
            let tracks = count(row, "tracks")?;
            counts.tracks += tracks;
            counts.duration_s += col::<f64>(row, "duration_s")?;
            *match track_state(row)? {
                TrackState::Queued => &mut counts.queued,
                TrackState::Processing => &mut counts.processing,
                TrackState::Enriching | TrackState::Ready | TrackState::Published => &mut counts.ready,
                TrackState::Failed => &mut counts.failed,
            } += tracks;
        }
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM artist WHERE track_count > 0 OR release_count > 0) AS artists, \
                 (SELECT count(*) FROM release WHERE track_count > 0) AS releases, \
                 (SELECT count(*) FROM track WHERE presence = 'missing') AS missing",
        )
        .fetch_one(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        counts.artists = count(&row, "artists")?;
        counts.releases = count(&row, "releases")?;
        counts.missing = count(&row, "missing")?;
        Ok(counts)
    }
}

fn artist(row: &SqliteRow) -> Result<Artist> {
    Ok(Artist {
        id: id(row, "id", ArtistId::from_bytes)?,
        name: col(row, "name")?,
        track_count: count(row, "track_count")?,
        release_count: count(row, "release_count")?,
    })
}

fn release(row: &SqliteRow) -> Result<Release> {
    Ok(Release {
        id: id(row, "id", ReleaseId::from_bytes)?,
        title: col(row, "title")?,
        artist: maybe_id(row, "artist_id", ArtistId::from_bytes)?,
        artist_name: col(row, "artist_name")?,
        year: col(row, "year")?,
        track_count: count(row, "track_count")?,
        cover: maybe_hash(row, "cover")?,
    })
}
