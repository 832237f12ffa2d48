//! A file that is copied over the file of another track (issue 12): the bytes of a private track never become public under the
//! links of a published one, and a real edit keeps what its track has.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{fs, path::Path};

use fanfare_testkit::{signals, wav};
use fanfare_tests::{
    library::{Library, copy, text, write_song},
    until::until,
};
use reqwest::Method;
use serde_json::{Value, json};

/// Whether that track is public: what a client without an account can see of it.
async fn is_public(library: &Library, id: &str) -> bool {
    let url = format!("{}/api/v1/tracks/{id}/features", library.server.address);
    reqwest::get(url).await.unwrap().status().is_success()
}

/// A guest with a public link of a mixtape.
struct Guest {
    client: reqwest::Client,
    address: String,
}

impl Guest {
    /// Makes a link of that mixtape and opens it.
    async fn of(library: &Library, slug: &str) -> Self {
        let path = format!("/api/v1/mixtapes/{slug}/shares");
        let link = library.server.request(Method::POST, &path).json(&json!({})).send().await.unwrap();
        let link: Value = link.json().await.unwrap();
        let client = reqwest::Client::builder().cookie_store(true).build().unwrap();
        let address = format!("{}/api/v1/shared", library.server.address);
        let open = client.post(format!("{address}/open")).header("X-Fanfare", "1");
        let opened = open.json(&json!({"token": link["token"]})).send().await.unwrap();
        assert!(opened.status().is_success(), "{link}");
        Self { client, address }
    }

    /// Whether the guest gets the sound of that track.
    async fn may_play(&self, id: &str) -> bool {
        let url = format!("{}/tracks/{id}/audio", self.address);
        self.client.get(url).send().await.unwrap().status().is_success()
    }
}

/// `cp -p FROM TO`.
fn copy_with_times(from: &Path, to: &Path) {
    copy(from, to);
    let time = from.metadata().unwrap().modified().unwrap();
    fs::File::options().write(true).open(to).unwrap().set_modified(time).unwrap();
}

/// A song whose length no other one has.
fn write_song_of_its_own_size(path: &Path, number: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let tone = signals::sine(22_050, 1.0 + 0.1 * f64::from(number), 300.0 + 10.0 * f64::from(number), 0.3);
    fs::write(path, wav::wav(22_050, &[tone], wav::WavFormat::I16)).unwrap();
}

async fn tape(library: &Library, title: &str, tracks: &[&str]) -> String {
    let request = library.server.request(Method::POST, "/api/v1/mixtapes");
    let tape = request.json(&json!({"title": title, "tracks": tracks})).send().await.unwrap();
    text(&tape.json::<Value>().await.unwrap(), "slug")
}

/// issue 12: `cp B A` of a private track over a published one made its bytes public.
#[tokio::test(flavor = "multi_thread")]
async fn a_track_that_is_copied_over_another_one_gets_nothing_of_what_that_one_has() {
    let library = Library::start(&["music", "other"], |root| {
        // 1 to 4 have one size each; 5 to 8 share one.
        (1..=4)
            .for_each(|number| write_song_of_its_own_size(&root.join(format!("music/{number}.wav")), number));
        (5..=8).for_each(|number| write_song(&root.join(format!("music/{number}.wav")), number));
        write_song_of_its_own_size(&root.join("other/9.wav"), 9);
    })
    .await;
    let before = library.ready(9).await;
    let music = |number: u32| library.path(&format!("music/{number}.wav"));
    let name = |number: u32| format!("{number}.wav");
    let former = fs::read(music(1)).unwrap();
    for number in [1, 4, 5, 7] {
        library.publish(&before[&name(number)]).await;
    }
    let slug = tape(&library, "Tape", &[&before["1.wav"]]).await;
    let guest = Guest::of(&library, &slug).await;
    assert!(guest.may_play(&before["1.wav"]).await);
    assert!(is_public(&library, &before["1.wav"]).await);

    // Private over published, of another size; published over private; of the same size with the time kept; over a track of
    // another library folder's; from another library folder.
    copy(&music(2), &music(1));
    copy(&music(4), &music(3));
    copy_with_times(&music(6), &music(5));
    copy(&music(2), &library.path("other/9.wav"));
    copy(&library.path("music/8.wav"), &music(7));
    // issue 12: until the scan, the guest got the bytes of the private track.
    assert!(!guest.may_play(&before["1.wav"]).await, "not scanned yet");
    println!("copied: {}", library.scan().await);
    let after = library.ready(9).await;
    for number in [2, 4, 6, 8] {
        assert_eq!(before[&name(number)], after[&name(number)], "{number}: the one that was copied stays");
    }
    for number in [1, 3, 5, 7, 9] {
        assert_ne!(before[&name(number)], after[&name(number)], "{number}: a track of its own");
    }
    assert_eq!(library.published().await, ["4.wav"]);
    for number in [1, 5, 7] {
        for id in [&before[&name(number)], &after[&name(number)]] {
            assert!(!is_public(&library, id).await, "{number}");
            assert!(!guest.may_play(id).await, "{number}");
        }
    }
    let tape = library.server.json(&format!("/api/v1/mixtapes/{slug}")).await.to_string();
    assert!(!tape.contains(&after["1.wav"]) && tape.contains("missing"), "{tape}");
    assert_eq!(library.scan().await, "nothing changed");

    // The bytes of the track that was copied over are back: it is whole again.
    fs::write(music(1), &former).unwrap();
    println!("written back: {}", library.scan().await);
    assert_eq!(library.ready(9).await["1.wav"], before["1.wav"]);
    assert!(is_public(&library, &before["1.wav"]).await);
    assert!(guest.may_play(&before["1.wav"]).await);
    assert!(library.server.stop().success());
}

/// issue 12: a private track that was edited and then copied over a published one, between two scans, stayed public.
#[tokio::test(flavor = "multi_thread")]
async fn a_track_that_was_edited_before_it_was_copied_over_a_published_one_is_not_published() {
    let library = Library::start(&["music"], |root| {
        (1..=2)
            .for_each(|number| write_song_of_its_own_size(&root.join(format!("music/{number}.wav")), number));
    })
    .await;
    let before = library.ready(2).await;
    library.publish(&before["1.wav"]).await;
    let slug = tape(&library, "Tape", &[&before["1.wav"]]).await;
    let guest = Guest::of(&library, &slug).await;
    write_song_of_its_own_size(&library.path("music/2.wav"), 12);
    copy(&library.path("music/2.wav"), &library.path("music/1.wav"));
    println!("edited and copied: {}", library.scan().await);
    let after = library.ready(2).await;
    assert_eq!(after["2.wav"], before["2.wav"], "an edit");
    assert_ne!(after["1.wav"], before["1.wav"], "a copy");
    assert_eq!(library.published().await, Vec::<String>::new());
    for id in [&before["1.wav"], &after["1.wav"]] {
        assert!(!is_public(&library, id).await && !guest.may_play(id).await);
    }
    assert!(library.server.stop().success());
}

/// issue 12: the same with published tracks, in another library folder, and right after an edit.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_keeps_id_and_publication_and_a_copy_over_the_edited_file_does_not() {
    let library = Library::start(&["music", "other"], |root| {
        (1..=3)
            .for_each(|number| write_song_of_its_own_size(&root.join(format!("music/{number}.wav")), number));
        (4..=5)
            .for_each(|number| write_song_of_its_own_size(&root.join(format!("other/{number}.wav")), number));
    })
    .await;
    let before = library.ready(5).await;
    for path in ["1.wav", "2.wav", "3.wav"] {
        library.publish(&before[path]).await;
    }
    let music = |number: u32| library.path(&format!("music/{number}.wav"));
    // Edits: another length, another sound of the same length.
    write_song_of_its_own_size(&music(1), 11);
    let length = fs::metadata(music(2)).unwrap().len();
    let tone = signals::sine(22_050, 1.2, 777.0, 0.2);
    fs::write(music(2), wav::wav(22_050, &[tone], wav::WavFormat::I16)).unwrap();
    assert_eq!(fs::metadata(music(2)).unwrap().len(), length);
    println!("edited: {}", library.scan().await);
    assert_eq!(library.ready(5).await, before);
    assert_eq!(library.published().await.len(), 3);

    // A private track of another library folder over one, a published one over another one.
    copy(&library.path("other/4.wav"), &music(1));
    copy(&music(3), &music(2));
    println!("copied: {}", library.scan().await);
    let after = library.ready(5).await;
    assert_eq!(library.published().await, ["3.wav"]);
    for path in ["1.wav", "2.wav"] {
        assert_ne!(after[path], before[path]);
    }
    for path in ["3.wav", "4.wav", "5.wav"] {
        assert_eq!(after[path], before[path]);
    }
    assert!(library.server.stop().success());
}

/// issue 12: the copy is seen by the watcher; an upload is copied over a published track.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_the_watcher_sees_and_one_of_an_upload_are_not_published_either() {
    let library = Library::start_with(&["music"], true, |root| {
        (1..=3)
            .for_each(|number| write_song_of_its_own_size(&root.join(format!("music/{number}.wav")), number));
    })
    .await;
    let before = library.ready(3).await;
    for path in ["1.wav", "3.wav"] {
        library.publish(&before[path]).await;
    }
    let upload = library.path("upload.wav");
    write_song_of_its_own_size(&upload, 20);
    let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"upload.wav\"\r\n\r\n";
    let body = [head.as_bytes(), &fs::read(&upload).unwrap(), b"\r\n--edge--\r\n"].concat();
    let request = library.server.request(Method::POST, "/api/v1/tracks");
    let request = request.header("content-type", "multipart/form-data; boundary=edge");
    assert_eq!(request.body(body).send().await.unwrap().status(), 201);
    library.ready(4).await;
    copy(&library.path("music/2.wav"), &library.path("music/1.wav"));
    copy(&upload, &library.path("music/3.wav"));
    let published = until("the watcher saw the copies", async || {
        let published = library.published().await;
        let after = library.tracks().await;
        let is_new = |path: &str| {
            after.iter().any(|track| {
                track["relative_path"] == path && track["id"] != *before[path] && track["state"] == "ready"
            })
        };
        (is_new("1.wav") && is_new("3.wav")).then_some(published)
    })
    .await;
    assert!(published.is_empty(), "{published:?}");
    for path in ["1.wav", "3.wav"] {
        assert!(!is_public(&library, &before[path]).await, "{path}");
    }
    assert!(library.server.stop().success());
}
