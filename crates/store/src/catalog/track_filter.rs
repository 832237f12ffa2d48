//! Which tracks a list holds, and in which order: the conditions of a statement.

use fanfare_model::{ArtistId, Presence, ReleaseId, TrackState};
use sqlx::{QueryBuilder, Sqlite};

use crate::{folding::fold, search::match_query};

/// What to sort tracks by. Ties are broken by id; tracks without a value come last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrackSort {
    /// Title.
    #[default]
    Title,
    /// Artist, then album, disc and track number.
    Artist,
    /// Album, then disc and track number.
    Album,
    /// When it was first seen.
    Added,
    /// How long it plays.
    Duration,
    /// Tempo.
    Tempo,
    /// Integrated loudness.
    Loudness,
    /// Random order that follows from this seed; the tracks of each artist are spread over the list. It has no direction.
    Shuffled(u64),
}

/// Which tracks, in which order.
#[derive(Debug, Clone, Default)]
pub struct TrackQuery {
    /// Words to find in title, artist, album, genre; the last word may be a prefix.
    pub search: Option<String>,
    /// What to sort by.
    pub sort: TrackSort,
    /// Largest first.
    pub descending: bool,
    /// Only tracks filed under that artist.
    pub artist: Option<ArtistId>,
    /// Only tracks of that release.
    pub release: Option<ReleaseId>,
    /// Only tracks in that state.
    pub state: Option<TrackState>,
    /// Only tracks of that presence: those that are here, unless said.
    pub presence: Presence,
    /// First row (offset pages: a virtualised list jumps anywhere).
    pub offset: u64,
    /// Rows wanted, 1 to [`MAX_PAGE`](super::MAX_PAGE); others are brought into that range.
    pub limit: u32,
}

/// Up to so many matches of a search are looked up and sorted; with more, the index of the sort key is walked
/// and each entry looked for among the matches. (`list_timing`: both take about 3 ms there.)
pub(super) const SORTED_MATCHES: u64 = 500;

/// What a filter is for: SQLite is led to different indexes.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    Count,
    Page {
        walk: bool,
    },
    /// The row numbers of all matches.
    All,
}

/// The conditions of a query.
pub(super) struct Filter<'a> {
    query: &'a TrackQuery,
    words: Words,
}

/// What is searched for.
enum Words {
    Nothing,
    /// A full-text query; only tracks that are here are in its index.
    Match(String),
    /// No letter or digit (`!!!`, `???`), or tracks that are not here: they are not in the index, so the names are searched.
    Part(String),
}

impl<'a> Filter<'a> {
    pub(super) fn of(query: &'a TrackQuery) -> Self {
        let search = query.search.as_deref().map_or("", str::trim);
        let words = match match_query(search) {
            Some(words) if query.presence == Presence::Here => Words::Match(words),
            _ => match fold(search).replace('\0', "") {
                part if part.is_empty() => Words::Nothing,
                part => Words::Part(part),
            },
        };
        Self { query, words }
    }

    pub(super) fn counting(&self) -> QueryBuilder<Sqlite> {
        let TrackQuery { artist: None, release: None, state: None, .. } = self.query else {
            let mut builder = QueryBuilder::new("SELECT count(*) FROM track t");
            self.push(&mut builder, Wanted::Count);
            return builder;
        };
        // A search alone is counted in its index.
        if let Words::Match(words) = &self.words {
            let mut builder =
                QueryBuilder::new("SELECT count(*) FROM track_search WHERE track_search MATCH ");
            builder.push_bind(words.clone());
            return builder;
        }
        let mut builder = QueryBuilder::new("SELECT count(*) FROM track t");
        self.push(&mut builder, Wanted::Count);
        builder
    }

    pub(super) fn push(&self, builder: &mut QueryBuilder<Sqlite>, wanted: Wanted) {
        // The index of the sort key, which a page walks, holds this too; see below for `+`.
        builder.push(match wanted {
            Wanted::Count => " WHERE t.presence = ",
            Wanted::Page { .. } | Wanted::All => " WHERE +t.presence = ",
        });
        builder.push_bind(self.query.presence.as_str());
        if let Some(artist) = self.query.artist {
            builder.push(" AND t.artist = (SELECT n FROM artist WHERE id = ");
            builder.push_bind(artist.as_bytes().to_vec()).push(")");
        }
        if let Some(release) = self.query.release {
            builder.push(" AND t.release = (SELECT n FROM release WHERE id = ");
            builder.push_bind(release.as_bytes().to_vec()).push(")");
        }
        if let Some(state) = self.query.state {
            // For a page the index of the sort key is walked, and it holds the state too; `+` keeps SQLite
            // from collecting all tracks in that state to sort them.
            builder.push(match wanted {
                Wanted::Count | Wanted::All => " AND t.state = ",
                Wanted::Page { .. } => " AND +t.state = ",
            });
            builder.push_bind(state.as_str());
        }
        let narrowed = self.query.artist.is_some() || self.query.release.is_some();
        let walked = narrowed || !matches!(wanted, Wanted::Page { walk: false } | Wanted::All);
        let matching = if walked { " AND +t.n IN (" } else { " AND t.n IN (" };
        match &self.words {
            Words::Nothing => {}
            Words::Match(words) => {
                builder.push(matching).push("SELECT rowid FROM track_search WHERE track_search MATCH ");
                builder.push_bind(words.clone()).push(")");
            }
            Words::Part(part) => {
                // Two statements, because each is answered by walking one index.
                builder.push(matching).push("SELECT n FROM track WHERE instr(title_sort, ");
                builder
                    .push_bind(part.clone())
                    .push(") > 0 UNION SELECT n FROM track WHERE instr(artist_sort, ");
                builder.push_bind(part.clone()).push(") > 0 OR instr(album_sort, ");
                builder.push_bind(part.clone()).push(") > 0)");
            }
        }
    }
}

/// The columns of the sort key's index, in its order.
pub(super) fn order(sort: TrackSort, descending: bool) -> String {
    let columns: &[&str] = match sort {
        TrackSort::Title => &["title_sort", "id"],
        TrackSort::Artist => &["artist_sort", "album_sort", "disc_number", "track_number", "id"],
        TrackSort::Album => &["album_sort", "release", "disc_number", "track_number", "id"],
        TrackSort::Added => &["added", "id"],
        TrackSort::Duration => &["duration_s", "id"],
        TrackSort::Tempo => &["tempo_bpm", "id"],
        TrackSort::Loudness => &["integrated_lufs", "id"],
        // `shuffled_page` lists these.
        TrackSort::Shuffled(_) => &["id"],
    };
    let direction = if descending { " DESC" } else { " ASC" };
    let mut order = String::new();
    for (place, column) in columns.iter().enumerate() {
        order.push_str(if place == 0 { "t." } else { ", t." });
        order.push_str(column);
        order.push_str(direction);
        if place == 0 && !descending {
            // Going down they are last anyway.
            order.push_str(" NULLS LAST");
        }
    }
    order
}
