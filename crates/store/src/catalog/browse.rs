//! Artists, releases, and how much there is.

use fanfare_model::{
    ArtistId, ReleaseId, Result, TrackState,
    library::{Artist, Release},
};
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow};

use super::{
    Catalog,
    paging::{Page, page_bounds},
    track_rows::track_state,
};
use crate::{
    error::sql,
    rows::{col, count, id, maybe_hash, maybe_id},
    search::search_words,
};

/// Artists and releases of which every track is missing are hidden like the tracks.
const SHOWN_ARTIST: &str = "(o.track_count > 0 OR o.release_count > 0)";
const SHOWN_RELEASE: &str = "o.track_count > 0";

/// How many tracks are in which state, and how long they play.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LibraryCounts {
    /// All tracks.
    pub tracks: u64,
    /// Waiting to be analyzed.
    pub queued: u64,
    /// Being analyzed.
    pub processing: u64,
    /// Analyzed: `ready`, `enriching` or `published`.
    pub ready: u64,
    /// Cannot be read.
    pub failed: u64,
    /// Tracks whose file is missing; they are in none of the other numbers.
    pub missing: u64,
    /// Artists.
    pub artists: u64,
    /// Releases.
    pub releases: u64,
    /// How long all tracks of known length play, in seconds.
    pub duration_s: f64,
}

/// What a list is of.
struct Listed<T> {
    select: &'static str,
    table: &'static str,
    /// The condition that a row is shown.
    shown: &'static str,
    make: fn(&SqliteRow) -> Result<T>,
}

const ARTISTS: Listed<Artist> = Listed {
    select: "SELECT id, name, track_count, release_count FROM artist o",
    table: "artist",
    shown: SHOWN_ARTIST,
    make: artist,
};
const RELEASES: Listed<Release> = Listed {
    select: "SELECT o.id, o.title, o.year, o.track_count, o.cover, a.id AS artist_id, \
             a.name AS artist_name FROM release o LEFT JOIN artist a ON a.n = o.artist",
    table: "release",
    shown: SHOWN_RELEASE,
    make: release,
};

impl Catalog {
    /// A page of artists by name; each word of the search must be part of it.
    pub async fn artists(&self, search: Option<&str>, offset: u64, limit: u32) -> Result<Page<Artist>> {
        self.page(&ARTISTS, None, search, (offset, limit)).await
    }

    /// The artist of that id.
    pub async fn artist(&self, id: ArtistId) -> Result<Option<Artist>> {
        self.one(&ARTISTS, id.as_bytes()).await
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
        self.page(&RELEASES, artist, search, (offset, limit)).await
    }

    /// The release of that id.
    pub async fn release(&self, id: ReleaseId) -> Result<Option<Release>> {
        self.one(&RELEASES, id.as_bytes()).await
    }

    async fn page<T>(
        &self,
        of: &Listed<T>,
        artist: Option<ArtistId>,
        search: Option<&str>,
        (offset, limit): (u64, u32),
    ) -> Result<Page<T>> {
        const WHAT: &str = "listing artists or releases";
        let Listed { select, table, shown, make } = *of;
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

    async fn one<T>(&self, of: &Listed<T>, id: &[u8; 16]) -> Result<Option<T>> {
        const WHAT: &str = "reading an artist or release";
        let mut reader = self.db.reader(WHAT).await?;
        let mut query = QueryBuilder::<Sqlite>::new(of.select);
        query.push(" WHERE o.id = ").push_bind(id.to_vec());
        let row = query.build().fetch_optional(&mut *reader).await.map_err(sql(WHAT))?;
        row.as_ref().map(of.make).transpose()
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
