//! Files that turn up somewhere else: the same bytes are the same track, whatever their name and time are (issue 13).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{fs, path::Path};

use fanfare_testkit::{signals, wav};
use fanfare_tests::{
    library::{Library, copy, text, write_song},
    small_disk::{Bound, SmallDisk},
};
use reqwest::Method;
use serde_json::{Value, json};

/// issue 13: a file that was copied elsewhere, which gives it another time, and removed from where it was, came back as a
/// new track: its id, publication and results were gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_with_another_time_is_the_track_whose_file_is_gone() {
    let library = Library::start(&["music", "other"], |root| {
        (1..=5).for_each(|number| write_song(&root.join(format!("music/old/{number}.wav")), number));
        write_song(&root.join("other/9.wav"), 9);
    })
    .await;
    let before = library.ready(6).await;
    for number in 1..=4 {
        library.publish(&before[&format!("old/{number}.wav")]).await;
    }
    let analyzed = library.analyses().await;
    let music = |path: &str| library.path("music").join(path);
    let move_file = |from: &str, to: &Path| {
        copy(&music(from), to);
        fs::remove_file(music(from)).unwrap();
    };

    // In one step: the same name elsewhere, another name, another library folder.
    move_file("old/1.wav", &music("new/1.wav"));
    move_file("old/2.wav", &music("new/another name.wav"));
    move_file("old/3.wav", &library.path("other/three.wav"));
    println!("moved: {}", library.scan().await);
    let after = library.ready(6).await;
    for (from, to) in [("1.wav", "new/1.wav"), ("2.wav", "new/another name.wav"), ("3.wav", "three.wav")] {
        assert_eq!(before[&format!("old/{from}")], after[to], "{after:?}");
    }

    // In two steps: the track is missing for a time.
    let away = library.path("kept.wav");
    copy(&music("old/4.wav"), &away);
    fs::remove_file(music("old/4.wav")).unwrap();
    assert_eq!(library.scan().await, "1 missing");
    copy(&away, &library.path("other/4 again.wav"));
    println!("back elsewhere: {}", library.scan().await);
    let after = library.ready(6).await;
    assert_eq!(before["old/4.wav"], after["4 again.wav"], "{after:?}");
    let mut published = library.published().await;
    published.sort();
    assert_eq!(published, ["4 again.wav", "new/1.wav", "new/another name.wav", "three.wav"]);
    assert_eq!(library.analyses().await, analyzed, "nothing is analyzed again");

    // A copy of what is there is a track of its own.
    copy(&music("old/5.wav"), &music("new/5.wav"));
    assert_eq!(library.scan().await, "1 added");
    let after = library.ready(7).await;
    assert_eq!(before["old/5.wav"], after["old/5.wav"]);
    assert_ne!(before["old/5.wav"], after["new/5.wav"]);
    assert!(library.server.stop().success());
}

/// issue 13: a copy that is found while the original is away is the track; when the original is back, there are two files,
/// and the original keeps id and publication.
#[tokio::test(flavor = "multi_thread")]
async fn an_original_that_is_back_is_its_track_again_and_the_copy_is_another_one() {
    let library = Library::start(&["music"], |root| {
        (1..=3).for_each(|number| write_song(&root.join(format!("music/a/{number}.wav")), number));
    })
    .await;
    let before = library.ready(3).await;
    library.publish(&before["a/1.wav"]).await;
    let (original, kept) = (library.path("music/a/1.wav"), library.path("kept.wav"));
    fs::rename(&original, &kept).unwrap();
    assert_eq!(library.scan().await, "1 missing");
    copy(&kept, &library.path("music/b/copy.wav"));
    assert_eq!(library.scan().await, "1 moved, 1 back");
    assert_eq!(library.ready(3).await["b/copy.wav"], before["a/1.wav"]);
    assert_eq!(library.published().await, ["b/copy.wav"]);

    fs::rename(&kept, &original).unwrap();
    println!("original back: {}", library.scan().await);
    let after = library.ready(4).await;
    assert_eq!(after["a/1.wav"], before["a/1.wav"]);
    assert_ne!(after["b/copy.wav"], before["a/1.wav"]);
    assert_eq!(library.published().await, ["a/1.wav"]);
    assert_eq!(library.scan().await, "nothing changed");
    assert!(library.server.stop().success());
}

/// issue 13: the same with a mount point in which a copy of another name lies.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_in_an_unmounted_mount_point_takes_nothing_from_the_original() {
    let Some(disk) = SmallDisk::mount(48) else {
        println!("SKIPPED: this user may not mount a small file system");
        return;
    };
    for number in 1..=3 {
        write_song(&disk.path().join(format!("{number}.wav")), number);
    }
    let mut bound = None;
    let library = Library::start(&["music"], |root| {
        let point = root.join("music/nas");
        write_song(&root.join("music/stays.wav"), 50);
        // One copy is hidden by the mount, the other one is not.
        copy(&disk.path().join("1.wav"), &point.join("stray.wav"));
        bound = Some(Bound::mount(disk.path(), &point).unwrap());
    })
    .await;
    let before = library.ready(4).await;
    for path in ["nas/1.wav", "nas/2.wav"] {
        library.publish(&before[path]).await;
    }
    for round in 0..2 {
        drop(bound.take());
        copy(&disk.path().join("2.wav"), &library.path("music/visible.wav"));
        println!("round {round}, unmounted: {}", library.scan().await);
        let away = library.ready(3).await;
        assert_eq!(away["nas/stray.wav"], before["nas/1.wav"], "{away:?}");
        if round == 0 {
            assert_eq!(away["visible.wav"], before["nas/2.wav"], "{away:?}");
        }

        bound = Some(Bound::mount(disk.path(), &library.path("music/nas")).unwrap());
        println!("round {round}, mounted: {}", library.scan().await);
        let mut after = library.ready(5).await;
        let visible = after.remove("visible.wav").unwrap();
        assert!(!before.values().any(|id| *id == visible), "the copy is a track of its own");
        assert_eq!(after, before, "round {round}");
        let mut published = library.published().await;
        published.sort();
        assert_eq!(published, ["nas/1.wav", "nas/2.wav"]);
    }
    assert!(library.server.stop().success());
}

/// issue 13: files that were renamed onto each other's paths kept ids by path. A private recording got the id of a published
/// one and was public, mixtapes played other tracks, and all were analyzed again.
#[tokio::test(flavor = "multi_thread")]
async fn files_renamed_onto_each_others_paths_keep_ids_and_publication_by_their_bytes() {
    let name = |number: u32| format!("Track {number:02}.wav");
    let library = Library::start(&["music"], |root| {
        for number in 1..=6 {
            let tone = signals::sine(22_050, 1.5 + 0.1 * f64::from(number), 400.0, 0.3);
            let bytes = wav::wav(22_050, &[tone], wav::WavFormat::I16);
            fs::write(root.join("music").join(name(number)), bytes).unwrap();
        }
    })
    .await;
    let before = library.ready(6).await;
    let (published, taped) = (before[&name(3)].clone(), before[&name(5)].clone());
    library.publish(&published).await;
    let tape = library.server.request(Method::POST, "/api/v1/mixtapes");
    let tape = tape.json(&json!({"title": "Tape", "tracks": [taped]})).send().await.unwrap();
    let tape: Value = tape.json().await.unwrap();
    let analyzed = library.analyses().await;
    let music = |number: u32| library.path("music").join(name(number));
    let bytes_of = async |id: &str| {
        let path = format!("/api/v1/tracks/{id}/audio?quality=original");
        let answer = library.server.request(Method::GET, &path).send().await.unwrap();
        answer.bytes().await.unwrap().to_vec()
    };
    let bytes: Vec<Vec<u8>> = (1..=6).map(|number| fs::read(music(number)).unwrap()).collect();

    // All by one: the first path is free then.
    (1..=6).rev().for_each(|number| fs::rename(music(number), music(number + 1)).unwrap());
    assert_eq!(library.scan().await, "6 moved");
    let shifted = library.ready(6).await;
    for number in 1..=6 {
        let id = &before[&name(number)];
        assert_eq!(*id, shifted[&name(number + 1)], "{number}");
        assert!(bytes_of(id).await == bytes[number as usize - 1], "{number}");
    }
    assert_eq!(library.published().await, [name(4)]);
    let slug = text(&tape, "slug");
    let tape = library.server.json(&format!("/api/v1/mixtapes/{slug}")).await.to_string();
    assert!(tape.contains(&taped), "{tape}");

    // Two of them, of which one is published.
    let kept = library.path("kept.wav");
    for (from, to) in [(music(4), kept.clone()), (music(7), music(4)), (kept, music(7))] {
        fs::rename(from, to).unwrap();
    }
    assert_eq!(library.scan().await, "2 moved");
    let swapped = library.ready(6).await;
    assert_eq!((&swapped[&name(7)], &swapped[&name(4)]), (&published, &before[&name(6)]));
    assert_eq!(library.published().await, [name(7)]);
    assert!(bytes_of(&published).await == bytes[2]);
    assert_eq!(library.analyses().await, analyzed, "nothing is analyzed again");

    // The published one is replaced by another one: it is missing, and that one does not become public.
    fs::rename(music(6), music(7)).unwrap();
    println!("replaced: {}", library.scan().await);
    assert_eq!(library.ready(5).await[&name(7)], taped);
    assert!(library.published().await.is_empty());
    assert_eq!(library.analyses().await, analyzed, "nothing is analyzed again");
    assert!(library.server.stop().success());
}
