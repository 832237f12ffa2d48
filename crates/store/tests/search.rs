//! Finding, sorting and paging.
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

mod support;

use fanfare_model::{
    Bpm, TrackState,
    features::{FeaturePart, Rhythm},
};
use fanfare_store::{ScanChange, TrackQuery, TrackSort};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use support::*;
use tokio::runtime::Runtime;

const LIBRARY: [&str; 7] = [
    "Björk/Début/Human Behaviour.flac",
    "Miles Davis/Kind of Blue/So What.flac",
    "Miles Davis/Kind of Blue/Blue in Green.flac",
    "AC∕DC/Back in Black/Hells Bells.flac",
    "!!!/Louden Up Now/Pardon My Freedom.flac",
    "東京事変/教育/林檎の唄.flac",
    "Various/NEAR OR \"NOT\"/AND (title:x) *.flac",
];

async fn titles(fixture: &Fixture, query: &TrackQuery) -> Vec<String> {
    let page = fixture.store.catalog().tracks(query).await.unwrap();
    let titles: Vec<String> = page.items.into_iter().map(|row| row.track.title).collect();
    if query.offset == 0 && page.total <= u64::from(query.limit) {
        assert_eq!(page.total, titles.len() as u64);
    }
    titles
}

fn search(words: &str) -> TrackQuery {
    TrackQuery { search: Some(words.to_owned()), ..all() }
}

#[tokio::test]
async fn words_are_found_wherever_they_stand() {
    let fixture = Fixture::new().await;
    fixture.add(&LIBRARY).await;
    for (typed, found) in [
        ("bjork", &["Human Behaviour"] as &[_]),
        ("DEBUT hum", &["Human Behaviour"]),
        ("blue", &["Blue in Green", "So What"]),
        ("blue gre", &["Blue in Green"]),
        ("gre blue", &[]), // only the last word may be unfinished
        ("green blue", &["Blue in Green"]),
        ("dc ac", &["Hells Bells"]),
        ("ac/dc", &["Hells Bells"]),
        ("!!!", &["Pardon My Freedom"]),
        ("東京", &["林檎の唄"]),
        ("\"not\"", &["AND (title:x) *"]),
        ("near(", &["AND (title:x) *"]),
        ("jazz mil what", &["So What"]),
        ("title:so", &[]),
        ("nothing", &[]),
    ] {
        let expected: Vec<String> = found.iter().map(|title| (*title).to_owned()).collect();
        let typed_whole = if typed == "jazz mil what" { "jazz miles what" } else { typed };
        assert_eq!(titles(&fixture, &search(typed_whole)).await, expected, "{typed_whole}");
    }
    assert_eq!(titles(&fixture, &search(" \t")).await.len(), LIBRARY.len());
}

#[tokio::test]
async fn filters_join_and_the_total_is_theirs() {
    let fixture = Fixture::new().await;
    fixture.add(&LIBRARY).await;
    let catalog = fixture.store.catalog();
    let miles = catalog.artists(Some("MILES"), 0, 10).await.unwrap().items.remove(0);
    let blue = catalog.releases(None, Some("kind"), 0, 10).await.unwrap().items.remove(0);
    let job = fixture.claim_one(NOW).await;
    catalog.commit_analysis(commit_of(&job, b"x"), NOW).await.unwrap();
    let (ready, queued) = (Some(TrackState::Ready), Some(TrackState::Queued));
    let (artist, release) = (Some(miles.id), Some(blue.id));
    for (query, total) in [
        (TrackQuery { artist, ..all() }, 2),
        (TrackQuery { release, ..all() }, 2),
        (TrackQuery { artist, release, ..search("green") }, 1),
        (TrackQuery { artist, ..search("bjork") }, 0),
        (TrackQuery { state: ready, ..all() }, 1),
        (TrackQuery { state: queued, ..all() }, 6),
        (TrackQuery { state: queued, ..search("bjork") }, 0),
        (TrackQuery { state: ready, ..search("bjork") }, 1),
        (TrackQuery { state: queued, artist, ..all() }, 2),
        (TrackQuery { state: queued, ..search("!!!") }, 1),
    ] {
        let found = titles(&fixture, &query).await;
        assert_eq!(found.len(), total, "{query:?}");
        let page = catalog.tracks(&TrackQuery { limit: 1, offset: 1, ..query }).await.unwrap();
        assert_eq!((page.total, page.items.len()), (total as u64, total.saturating_sub(1).min(1)));
    }
}

#[tokio::test]
async fn every_order_has_its_reverse_and_the_unknown_last() {
    let fixture = Fixture::new().await;
    let mut nameless = file("x/y/zzz.flac");
    (nameless.tags, nameless.audio) = (fanfare_model::Tags::default(), None);
    fixture.scan(vec![ScanChange::Added(nameless)]).await;
    for (number, path) in ["B/A/c.flac", "A/C/b.flac", "C/B/a.flac"].iter().enumerate() {
        let mut file = file(path);
        file.audio.as_mut().unwrap().frames = Some(1_000 * (3 - number as u64));
        fixture
            .store
            .catalog()
            .apply_scan(fixture.folder, None, vec![ScanChange::Added(file)], later(number as i64))
            .await
            .unwrap();
    }
    for (number, tempo) in [(0, None), (1, Some(90.0)), (2, Some(70.0)), (3, Some(80.0))] {
        let job = fixture.claim_one(later(9)).await;
        let mut done = commit_of(&job, &[number]);
        let rhythm = Rhythm { tempo_bpm: tempo.map(Bpm), ..Rhythm::default() };
        done.results = vec![ok("rhythm", 1, FeaturePart::Rhythm(rhythm))];
        done.audio.frames = (number > 0).then(|| 1_000 * (4 - u64::from(number)));
        fixture.store.catalog().commit_analysis(done, NOW).await.unwrap();
    }
    for (sort, up) in [
        (TrackSort::Title, ["a", "b", "c", "zzz"]),
        (TrackSort::Artist, ["b", "c", "a", "zzz"]),
        (TrackSort::Album, ["c", "a", "b", "zzz"]),
        (TrackSort::Duration, ["a", "b", "c", "zzz"]),
        (TrackSort::Tempo, ["b", "a", "c", "zzz"]),
    ] {
        assert_eq!(titles(&fixture, &TrackQuery { sort, ..all() }).await, up, "{sort:?}");
        let down = titles(&fixture, &TrackQuery { sort, descending: true, ..all() }).await;
        if sort == TrackSort::Title {
            assert_eq!(down, ["zzz", "c", "b", "a"]);
        } else {
            assert_eq!(down, [up[2], up[1], up[0], "zzz"], "{sort:?}");
        }
    }
    let added = TrackQuery { sort: TrackSort::Added, descending: true, ..all() };
    assert_eq!(titles(&fixture, &added).await[..2], ["a", "b"]);
}

#[tokio::test]
async fn pages_join_without_gap_or_repeat() {
    let fixture = Fixture::new().await;
    let paths: Vec<String> = (0..57).map(|number| format!("A/B/{}.flac", number % 5)).collect();
    let files = paths.iter().enumerate().map(|(number, path)| {
        let mut file = file(path);
        file.relative_path = format!("{number}.flac");
        ScanChange::Added(file)
    });
    fixture.scan(files.collect()).await;
    for sort in [TrackSort::Title, TrackSort::Artist, TrackSort::Album, TrackSort::Added, TrackSort::Tempo] {
        for descending in [false, true] {
            let mut ids = Vec::new();
            for offset in (0..60).step_by(10) {
                let query = TrackQuery { sort, descending, offset, limit: 10, ..TrackQuery::default() };
                let page = fixture.store.catalog().tracks(&query).await.unwrap();
                assert_eq!(page.total, 57);
                ids.extend(page.items.iter().map(|row| row.track.id));
            }
            let whole = TrackQuery { sort, descending, ..all() };
            let whole = fixture.store.catalog().tracks(&whole).await.unwrap();
            assert_eq!(ids, whole.items.iter().map(|row| row.track.id).collect::<Vec<_>>());
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), 57);
        }
    }
}

#[test]
fn whatever_is_typed_is_no_error() {
    let typed = prop_oneof![
        any::<String>(),
        "[a-z\"*^():{}+\\- \u{0}\u{301}'ANDORNEAR,;%_\\\\]{0,24}",
        "(\"|\\*|NEAR|AND|OR|NOT|title:|[(){}^+-]| ){1,12}",
    ];
    // One store for all cases, so the property is run by hand.
    let runtime = Runtime::new().unwrap();
    let fixture = runtime.block_on(async {
        let fixture = Fixture::new().await;
        fixture.add(&LIBRARY).await;
        fixture
    });
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(300) });
    let outcome = runner.run(&typed, |typed| {
        runtime.block_on(async {
            let catalog = fixture.store.catalog();
            let page = catalog.tracks(&search(&typed)).await.unwrap();
            assert_eq!(page.total, page.items.len() as u64, "{typed:?}");
            catalog.artists(Some(&typed), 0, 10).await.unwrap();
            catalog.releases(None, Some(&typed), 0, 10).await.unwrap();
        });
        Ok(())
    });
    outcome.unwrap();
}
