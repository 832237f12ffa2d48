//! What people type finds what is written, sorting goes by the same, and older databases are brought up to it (issue 13).
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

mod support;

use fanfare_store::{
    DATABASE_FILE, MixtapeQuery, NewMixtape, ScanChange, Store, StoreOptions, TrackQuery, TrackSort,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use support::*;

/// Artist, release, title and year.
const LIBRARY: [(&str, &str, &str, u16); 11] = [
    ("The Beatles", "Abbey Road", "Come Together", 1969),
    ("The Beatles", "1", "Yesterday", 2000),
    ("Kamil Łódź", "Øresund", "Straße", 1999),
    ("Æon", "Þórir", "Işık", 2001),
    ("Sinéad O’Connor", "Journey’s End", "Don't Stop", 1990),
    ("東京事変", "教育", "林檎の唄", 2004),
    ("宇多田ヒカル", "First Love", "ガールズ・オンリー", 1999),
    ("소녀시대", "노래모음", "다시만난세계", 2007),
    ("คาราบาว", "เมดอินไทยแลนด์", "ลุงขี้เมา", 1984),
    ("AC/DC", "Back in Black", "Hells Bells", 1980),
    ("Ólafur Arnalds", "Found Songs", "Ljósið", 2009),
];

async fn library() -> Fixture {
    let fixture = Fixture::new().await;
    let files = LIBRARY.iter().enumerate().map(|(number, (artist, album, title, year))| {
        let mut file = file(&format!("{number}.flac"));
        file.tags.artist = Some((*artist).to_owned());
        file.tags.album_artist = Some((*artist).to_owned());
        file.tags.album = Some((*album).to_owned());
        file.tags.title = Some((*title).to_owned());
        file.tags.year = Some(*year);
        ScanChange::Added(file)
    });
    fixture.scan(files.collect()).await;
    let new =
        NewMixtape {
            title: "Łódź’s Ærø".to_owned(), notes: String::new(), owner: None, tracks: Vec::new()
        };
    fixture.store.catalog().create_mixtape(&new, NOW).await.unwrap();
    fixture
}

async fn titles(store: &Store, query: &TrackQuery) -> Vec<String> {
    store.catalog().tracks(query).await.unwrap().items.into_iter().map(|row| row.track.title).collect()
}

/// What is typed, and which titles that finds.
const TYPED: [(&str, &[&str]); 30] = [
    ("lodz", &["Straße"]),
    ("ŁÓDŹ", &["Straße"]),
    ("oresund", &["Straße"]),
    ("strasse", &["Straße"]),
    ("straße", &["Straße"]),
    ("aeon", &["Işık"]),
    ("thorir", &["Işık"]),
    ("isik", &["Işık"]),
    ("journeys end", &["Don't Stop"]),
    ("journey's end", &["Don't Stop"]),
    ("journey end", &["Don't Stop"]),
    ("dont", &["Don't Stop"]),
    ("don’t stop", &["Don't Stop"]),
    ("oconnor", &["Don't Stop"]),
    ("connor", &["Don't Stop"]),
    ("o'connor", &["Don't Stop"]),
    ("1999", &["Straße", "ガールズ・オンリー"]),
    ("beatles 1969", &["Come Together"]),
    ("beatles 2000", &["Yesterday"]),
    ("beatles 1999", &[]),
    ("京事", &["林檎の唄"]),
    ("東京事変", &["林檎の唄"]),
    ("変", &["林檎の唄"]),
    ("事東", &[]),
    ("ヒカル", &["ガールズ・オンリー"]),
    ("ﾋｶﾙ", &["ガールズ・オンリー"]),
    ("녀시", &["다시만난세계"]),
    ("แลนด์", &["ลุงขี้เมา"]),
    ("acdc", &["Hells Bells"]),
    ("ljosid", &["Ljósið"]),
];

#[tokio::test]
async fn what_is_typed_finds_what_is_written() {
    let fixture = library().await;
    for (typed, expected) in TYPED {
        let mut found = titles(&fixture.store, &TrackQuery { search: Some(typed.to_owned()), ..all() }).await;
        found.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{typed}");
    }
    let catalog = fixture.store.catalog();
    for (typed, expected) in [
        ("1999", vec!["First Love", "Øresund"]),
        ("beatles 1969", vec!["Abbey Road"]),
        ("oresund", vec!["Øresund"]),
        ("journeys", vec!["Journey’s End"]),
        ("モ", vec![]),
    ] {
        let found = catalog.releases(None, Some(typed), 0, 10).await.unwrap().items;
        assert_eq!(found.iter().map(|release| &*release.title).collect::<Vec<_>>(), expected, "{typed}");
    }
    for (typed, expected) in [("lodz", 1), ("oconnor", 1), ("o’connor", 1), ("京事", 1), ("녀시", 1)] {
        assert_eq!(catalog.artists(Some(typed), 0, 10).await.unwrap().total, expected, "{typed}");
    }
    let tapes = MixtapeQuery { search: Some("lodzs aero".to_owned()), by_title: true, offset: 0, limit: 9 };
    assert_eq!(catalog.mixtapes(&tapes).await.unwrap().total, 1);
}

#[tokio::test]
async fn sorting_goes_by_what_search_goes_by() {
    let fixture = library().await;
    let sorted = titles(&fixture.store, &TrackQuery { sort: TrackSort::Title, ..all() }).await;
    let latin = ["Come Together", "Don't Stop", "Hells Bells", "Işık", "Ljósið", "Straße", "Yesterday"];
    assert_eq!(sorted[..latin.len()], latin);
    let artists = fixture.store.catalog().artists(None, 0, 20).await.unwrap().items;
    let names: Vec<&str> = artists.iter().map(|artist| &*artist.name).take(5).collect();
    assert_eq!(names, ["AC/DC", "Æon", "Kamil Łódź", "Ólafur Arnalds", "Sinéad O’Connor"]);
}

/// As an older program left it: other sort keys, an empty index, and `how_far` of the new folding done.
async fn as_before(fixture: &Fixture, how_far: &str) {
    let options = SqliteConnectOptions::new().filename(fixture.data.path().join(DATABASE_FILE));
    let mut raw = options.connect().await.unwrap();
    let statements = format!(
        "UPDATE artist SET sort = lower(name); UPDATE release SET sort = lower(title); \
         UPDATE mixtape SET title_sort = lower(title); \
         UPDATE track SET title_sort = 'z' || title, artist_sort = NULL, album_sort = NULL; \
         DELETE FROM track_search; UPDATE folding SET version = 0, aim = 0, {how_far};"
    );
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
}

#[tokio::test]
async fn an_older_database_is_folded_again_from_where_that_was_interrupted() {
    for how_far in [
        "stage = 0, done_to = 0",
        "stage = 3, done_to = 5",
        "stage = 2, done_to = 0",
        "stage = 9, done_to = 9",
    ] {
        let fixture = library().await;
        let sorted = titles(&fixture.store, &all()).await;
        fixture.store.close().await;
        as_before(&fixture, how_far).await;
        let store = Store::open(fixture.data.path(), &StoreOptions::default()).await.unwrap();
        assert_eq!(titles(&store, &all()).await, sorted, "{how_far}");
        for (typed, expected) in TYPED {
            let found = titles(&store, &TrackQuery { search: Some(typed.to_owned()), ..all() }).await;
            assert_eq!(found.len(), expected.len(), "{typed} after {how_far}");
        }
        assert_eq!(store.catalog().artists(Some("lodz"), 0, 9).await.unwrap().total, 1);
        let tapes = MixtapeQuery { search: Some("aero".to_owned()), by_title: true, offset: 0, limit: 9 };
        assert_eq!(store.catalog().mixtapes(&tapes).await.unwrap().total, 1);
        assert_eq!(store.catalog().check().await.unwrap(), Vec::<String>::new());
        store.close().await;
    }
}

#[tokio::test]
async fn a_folding_that_broke_off_goes_on_behind_what_was_done() {
    let fixture = library().await;
    fixture.store.close().await;
    as_before(&fixture, "stage = 3, done_to = 5").await;
    // As if the interrupted run had folded by the way that this program knows: what it did stays done.
    let options = SqliteConnectOptions::new().filename(fixture.data.path().join(DATABASE_FILE));
    let mut raw = options.connect().await.unwrap();
    sqlx::raw_sql("UPDATE folding SET aim = 1").execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let store = Store::open(fixture.data.path(), &StoreOptions::default()).await.unwrap();
    let found = async |typed: &str| {
        titles(&store, &TrackQuery { search: Some(typed.to_owned()), ..all() }).await.len()
    };
    assert_eq!(
        (found("oconnor").await, found("acdc").await),
        (0, 1),
        "rows 1 to 5 count as done, the others were folded"
    );
    store.close().await;
}
