//! Mixtapes: order, slugs, tracks that leave and come back, public links and their guests.
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

mod support;

use fanfare_model::{ErrorKind, Mixtape, MixtapeId, Role, TrackId, UserId, m3u8};
use fanfare_store::{MixtapeChange, MixtapeQuery, NewMixtape, NewShare, ScanChange};
use support::*;

async fn mixtape(fixture: &Fixture, title: &str, owner: Option<UserId>, tracks: &[TrackId]) -> Mixtape {
    let new = NewMixtape { title: title.to_owned(), notes: String::new(), owner, tracks: tracks.to_vec() };
    let slug = fixture.store.catalog().create_mixtape(&new, NOW).await.unwrap();
    fixture.store.catalog().mixtape(&slug).await.unwrap().unwrap()
}

/// Titles of the entries, those of missing tracks in brackets.
async fn entries(fixture: &Fixture, id: MixtapeId) -> Vec<String> {
    let entries = fixture.store.catalog().mixtape_entries(id).await.unwrap();
    entries
        .into_iter()
        .map(|(entry, row)| match row {
            Some(row) => row.track.title,
            None => format!("({})", m3u8::label(entry.artist.as_deref(), &entry.title)),
        })
        .collect()
}

#[tokio::test]
async fn tracks_keep_their_order_and_may_come_twice() {
    let fixture = Fixture::new().await;
    fixture.add(&["Ann/One/a.flac", "Ann/One/b.flac", "Ann/One/c.flac"]).await;
    let [a, b, c] = [
        fixture.id("Ann/One/a.flac").await,
        fixture.id("Ann/One/b.flac").await,
        fixture.id("Ann/One/c.flac").await,
    ];
    let catalog = fixture.store.catalog();
    let tape = mixtape(&fixture, "Été à Łódź", None, &[c, a, c]).await;
    assert_eq!(tape.slug.as_str(), "ete-a-lodz");
    assert_eq!((tape.track_count, tape.missing, tape.duration_s, tape.has_art), (3, 0, 30.0, false));
    assert_eq!(entries(&fixture, tape.id).await, ["c", "a", "c"]);
    let change = MixtapeChange { tracks: Some(vec![b, a]), title: Some("Other".into()), notes: None };
    catalog.change_mixtape(tape.id, &change, later(1)).await.unwrap();
    let now = catalog.mixtape(&tape.slug).await.unwrap().unwrap();
    assert_eq!((now.title.as_str(), now.updated, now.created), ("Other", later(1), NOW));
    assert_eq!(catalog.mixtape_tracks(tape.id).await.unwrap(), [b, a]);
    let unknown = MixtapeChange { tracks: Some(vec![b, TrackId::from_bytes([9; 16])]), ..Default::default() };
    assert_eq!(catalog.change_mixtape(tape.id, &unknown, NOW).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(entries(&fixture, tape.id).await, ["b", "a"], "a refused change changes nothing");
    let many = MixtapeChange { tracks: Some(vec![a; 1_001]), ..Default::default() };
    assert_eq!(
        catalog.change_mixtape(tape.id, &many, NOW).await.unwrap_err().kind(),
        ErrorKind::LimitExceeded
    );
    catalog.delete_mixtape(tape.id).await.unwrap();
    for gone in [
        catalog.delete_mixtape(tape.id).await,
        catalog.change_mixtape(tape.id, &MixtapeChange::default(), NOW).await,
        catalog.set_mixtape_cover(tape.id, None, NOW).await,
    ] {
        assert_eq!(gone.unwrap_err().kind(), ErrorKind::NotFound);
    }
    fixture.assert_clean().await;
}

#[tokio::test]
async fn slugs_are_unlike_and_never_an_address_of_ours() {
    let fixture = Fixture::new().await;
    for (title, slug) in [
        ("Side A", "side-a"),
        ("side a!", "side-a-2"),
        ("SIDE A", "side-a-3"),
        ("Side A 2", "side-a-2-2"),
        ("import", "import-2"),
        ("東京", "mixtape"),
        ("大阪", "mixtape-2"),
    ] {
        assert_eq!(mixtape(&fixture, title, None, &[]).await.slug.as_str(), slug, "{title}");
    }
    let list = |search: Option<&str>, by_title| {
        let search = search.map(ToOwned::to_owned);
        let (catalog, query) =
            (fixture.store.catalog(), MixtapeQuery { search, by_title, offset: 0, limit: 3 });
        async move {
            let page = catalog.mixtapes(&query).await.unwrap();
            (page.total, page.items.into_iter().map(|tape| tape.title.to_lowercase()).collect::<Vec<_>>())
        }
    };
    assert_eq!(list(None, true).await, (7, vec!["import".into(), "side a".into(), "side a".into()]));
    assert_eq!(list(Some("A side 2"), true).await, (1, vec!["side a 2".into()]));
    assert_eq!(list(None, false).await.0, 7);
}

#[tokio::test]
async fn a_track_that_leaves_is_remembered_and_known_again() {
    let fixture = Fixture::new().await;
    fixture.add(&["Ann/One/a.flac", "Ann/One/b.flac", "Ann/One/never analyzed.flac"]).await;
    let silent = fixture.id("Ann/One/never analyzed.flac").await;
    let [a, b] = [fixture.id("Ann/One/a.flac").await, fixture.id("Ann/One/b.flac").await];
    fixture.analyze_all().await;
    let catalog = fixture.store.catalog();
    let tape = mixtape(&fixture, "Tape", None, &[a, b, a, silent]).await;
    fixture.scan(vec![ScanChange::Removed(a), ScanChange::Removed(silent)]).await;
    assert_eq!(entries(&fixture, tape.id).await, ["(Ann - a)", "b", "(Ann - a)", "(Ann - never analyzed)"]);
    let row = catalog.mixtape(&tape.slug).await.unwrap().unwrap();
    assert_eq!((row.track_count, row.missing), (4, 3));
    // What is missing keeps its place, and moves with the others.
    let change = MixtapeChange { tracks: Some(vec![b, a, silent]), ..Default::default() };
    catalog.change_mixtape(tape.id, &change, NOW).await.unwrap();
    assert_eq!(entries(&fixture, tape.id).await, ["b", "(Ann - a)", "(Ann - never analyzed)"]);
    let copy = catalog.duplicate_mixtape(&tape, "Copy", None, NOW).await.unwrap();
    let copy = catalog.mixtape(&copy).await.unwrap().unwrap();
    // The same bytes come back at another path: content is made from the path, so the path is the old one.
    fixture.add(&["Ann/One/a.flac"]).await;
    assert_eq!(entries(&fixture, tape.id).await[1], "(Ann - a)", "not analyzed yet");
    fixture.analyze_all().await;
    for tape in [tape.id, copy.id] {
        assert_eq!(entries(&fixture, tape).await, ["b", "a", "(Ann - never analyzed)"]);
    }
    // Somebody else's mixtape cannot name a track that is gone.
    let other = mixtape(&fixture, "Other", None, &[]).await;
    let change = MixtapeChange { tracks: Some(vec![silent]), ..Default::default() };
    assert_eq!(catalog.change_mixtape(other.id, &change, NOW).await.unwrap_err().kind(), ErrorKind::Invalid);
    fixture.assert_clean().await;
    // A whole folder goes.
    catalog.remove_folder(fixture.folder).await.unwrap();
    assert_eq!(entries(&fixture, tape.id).await, ["(Ann - b)", "(Ann - a)", "(Ann - never analyzed)"]);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_second_copy_of_the_same_bytes_takes_the_place() {
    let fixture = Fixture::new().await;
    let elsewhere = fixture.store.catalog().add_folder("/more".as_ref(), NOW).await.unwrap().id;
    fixture.add(&["Ann/One/a.flac"]).await;
    let first = fixture.id("Ann/One/a.flac").await;
    let added = vec![ScanChange::Added(file("Ann/One/a.flac"))];
    fixture.store.catalog().apply_scan(elsewhere, None, added, NOW).await.unwrap();
    fixture.analyze_all().await;
    let tape = mixtape(&fixture, "Tape", None, &[first]).await;
    fixture.store.catalog().remove_folder(fixture.folder).await.unwrap();
    assert_eq!(entries(&fixture, tape.id).await, ["a"]);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn covers_are_kept_while_a_mixtape_has_them_and_no_longer() {
    let fixture = Fixture::new().await;
    let (catalog, blobs) = (fixture.store.catalog(), fixture.store.blobs());
    let tape = mixtape(&fixture, "Tape", None, &[]).await;
    let kind = fanfare_store::BlobKind::Cover;
    let given = blobs.put(kind, b"given").await.unwrap();
    let composed = blobs.put(kind, b"composed").await.unwrap();
    blobs.put(kind, b"nobody's").await.unwrap();
    catalog.set_mixtape_cover(tape.id, Some(given), NOW).await.unwrap();
    catalog.note_composed_cover(tape.id, hash(b"of these"), composed).await.unwrap();
    assert_eq!(catalog.composed_cover(tape.id, hash(b"of these")).await.unwrap(), Some(composed));
    assert_eq!(catalog.composed_cover(tape.id, hash(b"of others")).await.unwrap(), None);
    assert_eq!(fixture.delete_unnamed().await, 1);
    fixture.assert_clean().await;
    // Issue 12: a cover that a mixtape no longer has is deleted at once, unless another mixtape has it.
    let copy = catalog.duplicate_mixtape(&tape, "Copy", None, NOW).await.unwrap();
    let copy = catalog.mixtape(&copy).await.unwrap().unwrap();
    let again = blobs.put(kind, b"composed again").await.unwrap();
    catalog.note_composed_cover(tape.id, hash(b"of others"), again).await.unwrap();
    assert!(!blobs.contains(kind, composed).await.unwrap());
    catalog.set_mixtape_cover(tape.id, None, NOW).await.unwrap();
    assert!(blobs.contains(kind, given).await.unwrap(), "the copy has it");
    catalog.delete_mixtape(copy.id).await.unwrap();
    assert!(!blobs.contains(kind, given).await.unwrap());
    let gone = catalog.set_mixtape_cover(tape.id, Some(given), NOW).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Busy, "a cover that is gone is not named");
    catalog.delete_mixtape(tape.id).await.unwrap();
    assert_eq!(blobs.list(kind).await.unwrap(), []);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_link_ends_by_time_by_hand_with_its_mixtape_and_with_its_maker() {
    let fixture = Fixture::new().await;
    fixture.add(&["Ann/One/a.flac", "Ann/One/b.flac"]).await;
    let [a, b] = [fixture.id("Ann/One/a.flac").await, fixture.id("Ann/One/b.flac").await];
    let (catalog, people) = (fixture.store.catalog(), fixture.store.people());
    let maker = people.create_user("maker", "x", Role::Listener, NOW).await.unwrap();
    let tape = mixtape(&fixture, "Tape", Some(maker.id), &[a]).await;
    let other = mixtape(&fixture, "Other", None, &[b]).await;
    let new = |number: u8, mixtape: &Mixtape, expires| NewShare {
        mixtape: mixtape.id,
        secret: [number; 32],
        maker: (number == 4).then_some(maker.id),
        password_hash: None,
        download: number == 2,
        expires,
    };
    let guest = [100; 32];
    let mut shares = Vec::new();
    for (number, mixtape, expires) in
        [(1, &tape, Some(later(10))), (2, &tape, None), (3, &other, None), (4, &tape, None)]
    {
        let share = catalog.add_share(&new(number, mixtape, expires), NOW).await.unwrap();
        catalog.admit_guest(share.id, [100 + number; 32], None, later(1_000), NOW).await.unwrap();
        shares.push(share);
    }
    let by = async |secret, track, now| {
        let share = catalog.guest_share(secret, track, now).await.unwrap();
        share.map(|share| share.download)
    };
    let may = |number: u8, track, now| by([100 + number; 32], track, now);
    // Each guest hears their mixtape and nothing else.
    for (number, track, answer) in [
        (1, a, Some(false)),
        (1, b, None),
        (2, a, Some(true)),
        (3, a, None),
        (3, b, Some(false)),
        (4, a, Some(false)),
        (9, a, None),
    ] {
        assert_eq!(may(number, track, NOW).await, answer, "{number}");
    }
    // By time: of the link, and of the guest.
    assert_eq!(may(1, a, later(10)).await, None);
    assert!(catalog.share_of([1; 32], later(9)).await.unwrap().is_some());
    assert_eq!(catalog.share_of([1; 32], later(10)).await.unwrap(), None);
    assert_eq!(may(2, a, later(1_000)).await, None);
    assert!(catalog.guest_shares([101; 32], later(10)).await.unwrap().is_empty());
    // One browser with two links takes the first along into the second.
    catalog.admit_guest(shares[2].id, guest, Some([102; 32]), later(1_000), later(1)).await.unwrap();
    assert_eq!(may(2, a, NOW).await, None, "the earlier secret is used up");
    let open = catalog.guest_shares(guest, NOW).await.unwrap();
    assert_eq!(open.iter().map(|open| open.slug.as_str()).collect::<Vec<_>>(), ["other", "tape"]);
    // By hand: not through another mixtape.
    let foreign = catalog.delete_share(other.id, shares[1].id).await;
    assert_eq!(foreign.unwrap_err().kind(), ErrorKind::NotFound);
    catalog.delete_share(tape.id, shares[1].id).await.unwrap();
    assert_eq!(by(guest, a, NOW).await, None);
    assert_eq!(by(guest, b, NOW).await, Some(false));
    let late = catalog.admit_guest(shares[1].id, [7; 32], None, later(1), NOW).await;
    assert_eq!(late.unwrap_err().kind(), ErrorKind::NotFound);
    // With its maker, whose mixtape stays.
    people.delete_user(maker.id).await.unwrap();
    assert_eq!(may(4, a, NOW).await, None);
    assert_eq!(catalog.mixtape(&tape.slug).await.unwrap().unwrap().owner, None);
    // With its mixtape.
    catalog.delete_mixtape(other.id).await.unwrap();
    assert_eq!(catalog.share_of([3; 32], NOW).await.unwrap(), None);
    assert_eq!(by(guest, b, NOW).await, None);
    assert_eq!(catalog.add_share(&new(5, &other, None), NOW).await.unwrap_err().kind(), ErrorKind::NotFound);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn links_guests_and_mixtapes_are_bounded() {
    let fixture = Fixture::new().await;
    let catalog = fixture.store.catalog();
    let tape = mixtape(&fixture, "Tape", None, &[]).await;
    let new = |number: u64, expires| {
        let secret = *hash(&number.to_be_bytes()).as_bytes();
        NewShare { mixtape: tape.id, secret, maker: None, password_hash: None, download: false, expires }
    };
    let ended = catalog.add_share(&new(0, Some(later(1))), NOW).await.unwrap();
    for number in 1..100 {
        catalog.add_share(&new(number, None), NOW).await.unwrap();
    }
    assert_eq!(catalog.add_share(&new(100, None), NOW).await.unwrap_err().kind(), ErrorKind::LimitExceeded);
    // Long after a link has ended it is forgotten.
    catalog.add_share(&new(100, None), later(31 * 86_400)).await.unwrap();
    let shares = catalog.shares(tape.id).await.unwrap();
    assert!(shares.len() == 100 && !shares.contains(&ended));
    let share = shares[0].id;
    let secret = |number: u64| *hash(&number.to_le_bytes()).as_bytes();
    for number in 0..1_003 {
        catalog.admit_guest(share, secret(number), None, later(5_000), later(number as i64)).await.unwrap();
    }
    for (number, is_in) in [(0, false), (2, false), (3, true), (1_002, true)] {
        let open = catalog.guest_shares(secret(number), later(2_000)).await.unwrap();
        assert_eq!(!open.is_empty(), is_in, "{number}");
    }
}

#[tokio::test]
async fn a_playlist_is_matched_with_the_library() {
    let fixture = Fixture::new().await;
    fixture.add(&["Ann/One/a.flac", "Ann/One/b.flac"]).await;
    let text = b"#EXTM3U\n/somewhere/Ann/One/b.flac\n#EXTINF:10,Ann - a\nother.mp3\n/etc/passwd\n";
    let playlist = m3u8::read(text).unwrap();
    let matched = fixture.store.catalog().match_playlist(&playlist, None).await.unwrap();
    let [a, b] = [fixture.id("Ann/One/a.flac").await, fixture.id("Ann/One/b.flac").await];
    assert_eq!((matched.tracks, matched.unmatched), (vec![b, a], vec!["/etc/passwd".to_owned()]));
}
