//! Lists of tracks in random order: [`TrackSort::Shuffled`](super::TrackSort).
//!
//! The order follows from the seed alone, so pages of one seed fit together: no track comes twice and every track comes
//! once, as long as the library stays as it is. A track that comes or goes between two pages moves the others by one place.
//!
//! Plain random order clumps: with 115 artists, some come three times in the first ten tracks. So an artist with `c`
//! tracks gets `c` equal parts of the list, one track at a random place of each (stratified sampling, as in M. Fiedler,
//! "The art of shuffling music", 2007). Every beginning of the list then holds each artist about as often as the library
//! does.

use fanfare_model::Result;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{
    track_filter::{Filter, Wanted},
    track_rows::{TrackRow, row_columns, row_joins, track_row},
};
use crate::error::sql;

/// A page of the matches in random order. The row numbers of all matches are read, in one text per artist (a row of the
/// answer for each track took three times as long, `list_timing` with 100,000 tracks), then the rows of the page.
pub(super) async fn shuffled_page(
    reader: &mut SqliteConnection,
    filter: &Filter<'_>,
    seed: u64,
    (limit, offset): (i64, i64),
) -> Result<Vec<TrackRow>> {
    const WHAT: &str = "listing tracks in random order";
    // The index of artists holds all that is asked for.
    let mut matches = QueryBuilder::<Sqlite>::new("SELECT group_concat(t.n, ' ') FROM track t");
    filter.push(&mut matches, Wanted::All);
    matches.push(" GROUP BY t.artist");
    let groups: Vec<String> =
        matches.build_query_scalar().fetch_all(&mut *reader).await.map_err(sql(WHAT))?;
    let groups = groups.iter().map(|group| group.split(' ').filter_map(|n| n.parse().ok()).collect());
    let order = shuffled(groups.collect(), seed);
    let page = order
        .iter()
        .skip(usize::try_from(offset).unwrap_or(usize::MAX))
        .take(usize::try_from(limit).unwrap_or(0));
    let numbers = serde_json::Value::from(page.copied().collect::<Vec<i64>>()).to_string();
    let rows = sqlx::query(concat!(
        "SELECT ",
        row_columns!(),
        " FROM json_each(?) p CROSS JOIN track t ON t.n = p.value",
        row_joins!(),
        " ORDER BY p.key"
    ))
    .bind(numbers)
    .fetch_all(reader)
    .await
    .map_err(sql(WHAT))?;
    rows.iter().map(track_row).collect()
}

/// The row numbers in random order, from those of each artist.
///
/// The same seed and the same tracks give the same order, whatever the order of the artists and of their tracks.
fn shuffled(artists: Vec<Vec<i64>>, seed: u64) -> Vec<i64> {
    let mut placed: Vec<(f64, u64, i64)> = Vec::with_capacity(artists.iter().map(Vec::len).sum());
    for tracks in artists {
        let parts = as_f64(tracks.len());
        let mut drawn: Vec<(u64, i64)> =
            tracks.into_iter().map(|track| (random(seed, track), track)).collect();
        drawn.sort_unstable();
        for (part, (drawn, track)) in drawn.into_iter().enumerate() {
            // The upper bits, by which the tracks were sorted, are not used again for the place.
            let within = f64::from(drawn as u32) / (f64::from(u32::MAX) + 1.0);
            placed.push(((as_f64(part) + within) / parts, drawn, track));
        }
    }
    placed.sort_unstable_by(|one, other| {
        one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)).then(one.2.cmp(&other.2))
    });
    placed.into_iter().map(|(_, _, track)| track).collect()
}

/// A number that follows from the seed and the row number; evenly spread.
fn random(seed: u64, row: i64) -> u64 {
    let mut input = [0; 16];
    input[..8].copy_from_slice(&seed.to_le_bytes());
    input[8..].copy_from_slice(&row.to_le_bytes());
    let mut drawn = [0; 8];
    drawn.copy_from_slice(&blake3::hash(&input).as_bytes()[..8]);
    u64::from_le_bytes(drawn)
}

fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    fn shuffled(rows: &[(i64, Option<i64>)], seed: u64) -> Vec<i64> {
        let mut artists = BTreeMap::<_, Vec<_>>::new();
        for (track, artist) in rows {
            artists.entry(artist).or_default().push(*track);
        }
        super::shuffled(artists.into_values().collect(), seed)
    }

    /// So many tracks by so many artists: the artist of rank r has about 1/r of the tracks of the first.
    fn library(tracks: i64, artists: i64) -> Vec<(i64, Option<i64>)> {
        let whole: f64 = (1..=artists).map(|rank| 1.0 / f64::from(i32::try_from(rank).unwrap())).sum();
        let mut rows = Vec::new();
        for rank in 1..=artists {
            #[expect(clippy::cast_possible_truncation, reason = "a few hundred")]
            let share = (tracks as f64 / whole / rank as f64).round() as i64;
            rows.extend((0..share.max(1)).map(|_| Some(rank)));
        }
        rows.resize(usize::try_from(tracks).unwrap(), Some(1));
        rows.into_iter().enumerate().map(|(n, artist)| (i64::try_from(n).unwrap(), artist)).collect()
    }

    #[test]
    fn every_track_comes_once_whatever_the_seed() {
        for seed in [0, 1, 20_261_130, u64::MAX] {
            let rows = library(2_853, 115);
            let order = shuffled(&rows, seed);
            assert_eq!(order.len(), rows.len());
            assert_eq!(order.iter().collect::<HashSet<_>>().len(), rows.len());
        }
    }

    #[test]
    fn the_seed_alone_decides() {
        let mut rows = library(500, 20);
        let order = shuffled(&rows, 7);
        rows.reverse();
        assert_eq!(shuffled(&rows, 7), order);
        assert_ne!(shuffled(&rows, 8), order);
        assert!(shuffled(&[], 7).is_empty());
    }

    /// Issue 13: of 2,853 tracks by 115 artists, the first 100 come from at least 60, with equal shares.
    #[test]
    fn the_first_tracks_are_of_many_artists() {
        let rows: Vec<_> = (0..2_853).map(|n| (n, Some(n % 115))).collect();
        for seed in 0..50 {
            let order = shuffled(&rows, seed);
            let artists: HashSet<i64> = order.iter().take(100).map(|n| n % 115).collect();
            assert!(artists.len() >= 60, "seed {seed}: {} artists", artists.len());
        }
    }

    /// An artist with a tenth of the tracks has about a tenth of every beginning: plain random order is off by ten here.
    #[test]
    fn no_artist_comes_much_more_often_than_it_should() {
        let rows = library(2_853, 115);
        let of: std::collections::HashMap<i64, i64> =
            rows.iter().map(|(n, artist)| (*n, artist.unwrap())).collect();
        let first: usize = rows.iter().filter(|(_, artist)| *artist == Some(1)).count();
        for seed in 0..20 {
            let order = shuffled(&rows, seed);
            let taken = order.iter().take(300).filter(|n| of[n] == 1).count();
            let owed = first * 300 / rows.len();
            assert!(taken.abs_diff(owed) <= 3, "seed {seed}: {taken} of {owed}");
        }
    }

    #[test]
    fn tracks_without_an_artist_are_mixed_too() {
        let rows: Vec<_> = (0..1_000).map(|n| (n, None)).collect();
        let order = shuffled(&rows, 3);
        let neighbours = order.windows(2).filter(|pair| pair[1] == pair[0] + 1).count();
        assert!(neighbours < 10, "{neighbours} neighbours stayed together");
    }
}
