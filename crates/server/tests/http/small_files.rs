//! Transcodes are what they claim to be: complete by their bytes, as long as their sources, never larger than those, and
//! sent by one rule to every client that names no quality (issue 13, sections D and E).

use std::{fs, path::Path, process::Command};

use fanfare_model::{CacheOptions, Quality};
use fanfare_testkit::{
    signals,
    wav::{self, WavFormat},
};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::{
    cache::{at_rest, audio, field, server_with},
    fixture::{As, Server},
};

async fn task_of(server: &Server, who: &As, begun: Response) -> Value {
    assert_eq!(begun.status(), 202);
    let task: Value = begun.json().await.unwrap();
    at_rest(server).await;
    server.json(who, &format!("/api/v1/tasks/{}", task["id"].as_str().unwrap())).await
}

async fn warm(server: &Server, who: &As, body: Value) -> Value {
    task_of(server, who, server.post(who, "/api/v1/cache/warm", body).await).await
}

async fn explained(server: &Server, who: &As, id: &str) -> Value {
    server.json(who, &format!("/api/v1/cache/explain/{id}")).await["qualities"][1].clone()
}

async fn verified(server: &Server, who: &As) -> Value {
    let body = json!({"scope": {"all": true}});
    server.post(who, "/api/v1/cache/verify", body).await.json().await.unwrap()
}

async fn scan(server: &Server) {
    server.state.ingest.scan_now().await.unwrap();
    at_rest(server).await;
}

async fn id_of(server: &Server, who: &As, title: &str) -> String {
    let found = server.json(who, &format!("/api/v1/tracks?search={title}")).await;
    found["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{title}: {found}")).to_owned()
}

fn says(task: &Value, words: &str) -> bool {
    task["log"].as_array().unwrap().iter().any(|line| line["text"].as_str().unwrap().contains(words))
}

/// How many jobs there ever were that make a file for a listener.
async fn streams(server: &Server) -> u64 {
    let counts = server.store().jobs().counts("stream-track").await.unwrap();
    counts.waiting + counts.running + counts.done + counts.parked + counts.cancelled
}

// issue 13, E3: a stored file of the right size and wrong bytes was "ready" and was sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_zeroed_bytes_is_never_sent_and_a_refresh_makes_it_again() {
    let (server, owner, ids) = server_with(&[("a.wav", 6.0), ("b.wav", 5.0)]).await;
    let all = json!({"scope": {"all": true}});
    let ended = warm(&server, &owner, all.clone()).await;
    assert_eq!(ended["state"], "succeeded", "{ended}");
    let name = explained(&server, &owner, &ids[0]).await["expected_file"].as_str().unwrap().to_owned();
    let path = server.store().catalog().cache().path(&name).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut zeroed = whole.clone();
    zeroed[40_000..41_000].fill(0);

    // A check finds it by its checksum.
    assert_eq!(verified(&server, &owner).await["ready"], 2);
    fs::write(&path, &zeroed).unwrap();
    let found = verified(&server, &owner).await;
    assert_eq!((&found["ready"], &found["damaged"]), (&json!(1), &json!(1)), "{found}");
    let said = explained(&server, &owner, &ids[0]).await;
    assert_eq!(said["state"], "damaged");
    assert!(said["reason"].as_str().unwrap().contains("checksum"), "{said}");
    assert!(said["remedy"].as_str().unwrap().contains("fanfare cache refresh"), "{said}");
    let refreshed =
        task_of(&server, &owner, server.post(&owner, "/api/v1/cache/refresh", all.clone()).await).await;
    assert!(
        refreshed["message"].as_str().unwrap().starts_with("1 cached, 0 skipped, 0 failed"),
        "{refreshed}"
    );
    assert!(fs::read(&path).unwrap() == whole, "the same bytes again");

    // A listener who is the first since it was written to finds it too, without any check.
    let sent = audio(&server, &owner, &ids[0], "medium", None).await;
    assert_eq!(field(&sent, "x-fanfare-cache"), "hit");
    assert!(sent.bytes().await.unwrap() == whole);
    fs::write(&path, &zeroed).unwrap();
    // Opened files are kept for a second.
    let sent = loop {
        let sent = audio(&server, &owner, &ids[0], "medium", None).await;
        if field(&sent, "x-fanfare-cache") != "hit" {
            break sent;
        }
    };
    assert!(sent.bytes().await.unwrap() == whole, "made again while it is sent");
    at_rest(&server).await;

    // What is there can be made again all the same, and removed for one track.
    let body = json!({"scope": {"tracks": [&ids[0]]}, "overwrite": true});
    let ended = warm(&server, &owner, body.clone()).await;
    assert!(ended["message"].as_str().unwrap().starts_with("1 cached, 0 skipped"), "{ended}");
    assert_eq!(server.post(&owner, "/api/v1/cache/refresh", body).await.status(), 400);
    let body = json!({"scope": {"tracks": [&ids[0]]}});
    let cleared: Value = server.post(&owner, "/api/v1/cache/clear", body).await.json().await.unwrap();
    assert_eq!((&cleared["removed"], &cleared["bytes"]), (&json!(1), &json!(whole.len())));
    let left = (explained(&server, &owner, &ids[0]).await, explained(&server, &owner, &ids[1]).await);
    assert_eq!((&left.0["state"], &left.1["state"]), (&json!("missing"), &json!("ready")));
    server.stop().await;
}

/// Ten seconds of stereo as FLAC; `None` without `ffmpeg`.
fn flac(folder: &Path) -> Option<Vec<u8>> {
    let (source, target) = (folder.join("source.wav"), folder.join("source.flac"));
    let planes = [330.0, 440.0].map(|hz| signals::sine(44_100, 10.0, hz, 0.3));
    fs::write(&source, wav::wav(44_100, &planes, WavFormat::I16)).unwrap();
    let made = Command::new("ffmpeg").args(["-v", "error", "-y", "-i"]).arg(&source).arg(&target).status();
    made.is_ok_and(|status| status.success()).then(|| fs::read(&target).unwrap())
}

// issue 13, E4: of a corrupt source a short file or one with gaps was made, and was silently "ready".
#[tokio::test(flavor = "multi_thread")]
async fn no_short_file_and_none_with_gaps_is_silently_made_of_a_damaged_source() {
    let (server, owner, _) = server_with(&[("well.wav", 3.0)]).await;
    let planes = [330.0, 440.0].map(|hz| signals::sine(44_100, 20.0, hz, 0.3));
    let wav = wav::wav(44_100, &planes, WavFormat::I16);
    // Twenty seconds that end after five, and some that lack their last half second.
    fs::write(server.music().join("cutwav.wav"), &wav[..44 + 5 * 176_400]).unwrap();
    fs::write(server.music().join("nearly.wav"), &wav[..44 + 19 * 176_400 + 88_200]).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let flac = flac(scratch.path());
    if let Some(flac) = &flac {
        fs::write(server.music().join("cutflac.flac"), &flac[..flac.len() / 2]).unwrap();
        let mut holed = flac.clone();
        let middle = holed.len() / 2;
        holed[middle..middle + 1_500].fill(0);
        fs::write(server.music().join("holed.flac"), &holed).unwrap();
    } else {
        println!("SKIPPED for FLAC: there is no ffmpeg to make one");
    }
    scan(&server).await;
    let ended = warm(&server, &owner, json!({"scope": {"all": true}})).await;
    println!("{}", ended["message"]);
    for failure in ended["failures"].as_array().unwrap() {
        println!("{}: {}", failure["subject"], failure["message"]);
    }
    let cut = if flac.is_some() { vec!["cutwav", "cutflac"] } else { vec!["cutwav"] };
    assert_eq!(
        (&ended["state"], &ended["failure_count"]),
        (&json!("partial_success"), &json!(cut.len())),
        "{ended}"
    );
    for (title, seconds) in
        [("cutwav", "5.0 s of 20.0 s"), ("cutflac", " s of 10.0 s")].into_iter().take(cut.len())
    {
        let failures = ended["failures"].as_array().unwrap();
        let failure = failures.iter().find(|failure| failure["subject"].as_str().unwrap().contains(title));
        let failure = failure.unwrap_or_else(|| panic!("{title}: {ended}"));
        assert_eq!(failure["kind"], "malformed", "{failure}");
        let message = failure["message"].as_str().unwrap();
        assert!(message.contains(seconds) && message.contains("replace the file"), "{message}");
        let id = id_of(&server, &owner, title).await;
        let said = explained(&server, &owner, &id).await;
        assert_eq!(said["state"], "missing", "{said}");
        assert!(said["reason"].as_str().unwrap().contains("can be decoded"), "{said}");
        // Nor while a listener plays: the original is sent as it is.
        let sent = audio(&server, &owner, &id, "medium", None).await;
        assert_eq!(
            (field(&sent, "x-fanfare-cache"), field(&sent, "x-fanfare-quality")),
            ("miss", "original")
        );
        // issue 13: what is known to fail was decoded again for every play and every seek.
        let path = format!("/api/v1/tracks/{id}/audio?quality=medium");
        let head = server.request(&owner, Method::HEAD, &path).send().await.unwrap();
        for name in ["x-fanfare-cache", "x-fanfare-quality", "content-type", "content-length", "etag"] {
            assert_eq!(field(&head, name), field(&sent, name), "{title}: {name}");
        }
        assert_eq!(streams(&server).await, 0, "{title}: no job was queued for a failure that is known");
    }
    let again = warm(&server, &owner, json!({"scope": {"all": true}})).await;
    assert_eq!(again["failure_count"], cut.len(), "{again}");
    // The file that takes its place is another one.
    fs::write(server.music().join("cutwav.wav"), &wav).unwrap();
    scan(&server).await;
    let id = id_of(&server, &owner, "cutwav").await;
    let sent = audio(&server, &owner, &id, "medium", None).await;
    assert_eq!(field(&sent, "x-fanfare-cache"), "encoding", "a replaced file is made");
    drop(sent);
    let damaged = if flac.is_some() { "2 sources are damaged" } else { "1 source is damaged" };
    assert!(ended["message"].as_str().unwrap().contains(damaged), "{ended}");
    assert!(says(&ended, "damaged nearly: the file ends 88200 bytes before"), "{ended}");
    assert!(flac.is_none() || says(&ended, "damaged holed: "), "{ended}");
    server.stop().await;
}

/// What is said of each quality: its state, the reason and the remedy.
async fn reasons(server: &Server, who: &As, id: &str) -> Vec<(Value, Value, Value)> {
    let answer = server.json(who, &format!("/api/v1/cache/explain/{id}")).await;
    let said = |one: &Value| (one["state"].clone(), one["reason"].clone(), one["remedy"].clone());
    answer["qualities"].as_array().unwrap().iter().map(said).collect()
}

// issue 13: before the first GET, HEAD announced a transcode of a cut file, of which GET then sent the original.
#[tokio::test(flavor = "multi_thread")]
async fn head_of_a_cut_file_says_what_get_gives_before_anything_was_made_of_it() {
    let (server, owner, _) = server_with(&[("well.wav", 3.0)]).await;
    let planes = [330.0, 440.0].map(|hz| signals::sine(44_100, 20.0, hz, 0.3));
    let wav = wav::wav(44_100, &planes, WavFormat::I16);
    fs::write(server.music().join("cutwav.wav"), &wav[..44 + 5 * 176_400]).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut cut = vec![("cutwav", "5.0 s of 20.0 s")];
    match flac(scratch.path()) {
        Some(flac) => {
            fs::write(server.music().join("cutflac.flac"), &flac[..flac.len() / 2]).unwrap();
            cut.push(("cutflac", " s of 10.0 s"));
        }
        None => println!("SKIPPED for FLAC: there is no ffmpeg to make one"),
    }
    scan(&server).await;
    for (title, seconds) in cut {
        let id = id_of(&server, &owner, title).await;
        let said = reasons(&server, &owner, &id).await;
        println!("{title}: {} -> {}", said[1].1, said[1].2);
        assert!(said[1].1.as_str().unwrap().contains(seconds), "{said:?}");
        for quality in ["high", "medium", "low"] {
            let path = format!("/api/v1/tracks/{id}/audio?quality={quality}");
            let head = server.request(&owner, Method::HEAD, &path).send().await.unwrap();
            let sent = audio(&server, &owner, &id, quality, None).await;
            assert_eq!(head.status(), sent.status(), "{title} {quality}");
            for name in ["x-fanfare-cache", "x-fanfare-quality", "content-type", "content-length", "etag"] {
                assert_eq!(field(&head, name), field(&sent, name), "{title} {quality}: {name}");
            }
            assert_eq!(field(&sent, "x-fanfare-quality"), "original", "{title} {quality}");
        }
        assert_eq!(streams(&server).await, 0, "{title}: nothing is tried that is known to fail");
        assert_eq!(reasons(&server, &owner, &id).await, said, "{title}: asking changes nothing");
    }
    // What is whole is announced as before.
    let well = id_of(&server, &owner, "well").await;
    let path = format!("/api/v1/tracks/{well}/audio?quality=medium");
    let head = server.request(&owner, Method::HEAD, &path).send().await.unwrap();
    assert_eq!((field(&head, "x-fanfare-cache"), field(&head, "x-fanfare-quality")), ("encoding", "medium"));
    server.stop().await;
}

// issue 13: why there is no transcode depended on the quality that was asked for first.
#[tokio::test(flavor = "multi_thread")]
async fn why_there_is_no_transcode_is_the_same_in_every_quality() {
    let (server, owner, ids) = server_with(&[("well.wav", 4.0)]).await;
    let planes = [330.0, 440.0].map(|hz| signals::sine(44_100, 20.0, hz, 0.3));
    let wav = wav::wav(44_100, &planes, WavFormat::I16);
    fs::write(server.music().join("cut.wav"), &wav[..44 + 5 * 176_400]).unwrap();
    scan(&server).await;
    let cut = id_of(&server, &owner, "cut").await;
    let same = async |id: &str, state: &str, words: &str| {
        let said = reasons(&server, &owner, id).await;
        println!("{words}: {} -> {}", said[0].1, said[0].2);
        assert_eq!(said[0].0, state, "{words}: {said:?}");
        assert!(said[0].1.as_str().unwrap().contains(words), "{words}: {said:?}");
        assert!(said.iter().all(|one| *one == said[0]), "{words}: {said:?}");
    };
    same(&ids[0], "missing", "it was not made").await;
    same(&cut, "missing", "can be decoded").await;
    // One quality is tried, and fails.
    let ended = warm(&server, &owner, json!({"scope": {"tracks": [&cut]}, "qualities": ["low"]})).await;
    assert_eq!(ended["failure_count"], 1, "{ended}");
    same(&cut, "missing", "can be decoded").await;
    server.state.ingest.set_cache(CacheOptions { encode_on_miss: false, ..CacheOptions::default() });
    same(&ids[0], "missing", "`audio_cache.on_miss` is `original`").await;
    same(&cut, "missing", "can be decoded").await;
    server.state.ingest.set_cache(CacheOptions { enabled: false, ..CacheOptions::default() });
    same(&ids[0], "not_needed", "switched off").await;
    same(&cut, "not_needed", "switched off").await;
    server.state.ingest.set_cache(CacheOptions::default());
    let cache = server.store().catalog().cache().root().to_owned();
    fs::create_dir_all(cache.parent().unwrap()).unwrap();
    let _ = fs::remove_dir_all(&cache);
    fs::write(&cache, b"no folder").unwrap();
    same(&ids[0], "missing", "it is not there: ").await;
    fs::remove_file(&cache).unwrap();
    fs::write(server.music().join("well.wav"), &wav).unwrap();
    same(&ids[0], "missing", "changed and not scanned yet").await;
    server.stop().await;
}

// issue 13, D12 and E9: 48 kB of WAV became 145 kB, and mono had the rate of stereo.
#[tokio::test(flavor = "multi_thread")]
async fn no_transcode_is_larger_than_its_source_and_mono_gets_half_the_rate() {
    let (server, owner, _) = server_with(&[("stereo.wav", 4.0)]).await;
    let mono =
        |rate_hz, seconds| wav::wav(rate_hz, &[signals::sine(rate_hz, seconds, 440.0, 0.3)], WavFormat::I16);
    fs::write(server.music().join("mono.wav"), mono(44_100, 4.0)).unwrap();
    fs::write(server.music().join("tiny.wav"), mono(8_000, 3.0)).unwrap();
    scan(&server).await;
    let body = json!({"scope": {"all": true}, "qualities": ["high", "medium", "low"]});
    let ended = warm(&server, &owner, body).await;
    println!("{}", ended["message"]);
    assert_eq!(ended["failure_count"], 0, "{ended}");
    let mut rates = Vec::new();
    for title in ["stereo", "mono", "tiny"] {
        let id = id_of(&server, &owner, title).await;
        let answer = server.json(&owner, &format!("/api/v1/cache/explain/{id}")).await;
        let source = answer["source"]["size_bytes"].as_u64().unwrap();
        for one in answer["qualities"].as_array().unwrap() {
            let quality = one["quality"].as_str().unwrap();
            let sent = audio(&server, &owner, &id, quality, None).await;
            let (is, cache) =
                (field(&sent, "x-fanfare-quality").to_owned(), field(&sent, "x-fanfare-cache").to_owned());
            let len = sent.bytes().await.unwrap().len() as u64;
            println!("{title} {quality}: {len} of {source} bytes, {is}, {}", one["reason"]);
            assert!(len <= source, "{title} {quality}: {len} of {source}");
            if one["state"] == "not_needed" {
                assert_eq!((&*is, &*cache), ("original", "original"), "{one}");
                assert!(one["reason"].as_str().unwrap().contains("larger than the original"), "{one}");
                continue;
            }
            assert_eq!((&*is, &*cache, &one["state"]), (quality, "hit", &json!("ready")), "{one}");
            let name = one["expected_file"].as_str().unwrap();
            rates.push(format!("{title} {quality} {}", name.rsplit('_').next().unwrap()));
        }
    }
    let expected = [
        "stereo high 256k.mp3",
        "stereo medium 192k.mp3",
        "stereo low 128k.mp3",
        "mono high 128k.mp3",
        "mono medium 96k.mp3",
        "mono low 64k.mp3",
        "tiny medium 96k.mp3",
        "tiny low 64k.mp3",
    ];
    assert_eq!(rates, expected);
    server.stop().await;
}

// issue 13, E1: without `?quality=` a signed-in client got the original whatever the setting.
#[tokio::test(flavor = "multi_thread")]
async fn the_default_quality_is_what_is_sent_to_everybody_who_names_none() {
    let (server, owner, ids) = server_with(&[("a.wav", 3.0)]).await;
    let path = format!("/api/v1/tracks/{}/audio", ids[0]);
    let tape = json!({"title": "Tape", "tracks": [&ids[0]]});
    assert_eq!(server.post(&owner, "/api/v1/mixtapes", tape).await.status(), 201);
    at_rest(&server).await;
    let share: Value =
        server.post(&owner, "/api/v1/mixtapes/tape/shares", json!({})).await.json().await.unwrap();
    let opened = server.post(&As::Nobody, "/api/v1/shared/open", json!({"token": share["token"]})).await;
    let cookie = field(&opened, "set-cookie").split(';').next().unwrap().to_owned();
    let guest = async |method: Method| {
        let path = server.url(&format!("/api/v1/shared/tracks/{}/audio", ids[0]));
        server.client.request(method, path).header("cookie", &cookie).send().await.unwrap()
    };
    for quality in [Quality::Medium, Quality::Low, Quality::Original] {
        server.state.ingest.set_cache(CacheOptions { default_quality: quality, ..CacheOptions::default() });
        assert_eq!(server.json(&owner, "/api/v1/cache").await["default_quality"], quality.as_str());
        for sent in [server.get(&owner, &path).await, guest(Method::GET).await] {
            assert_eq!(field(&sent, "x-fanfare-quality"), quality.as_str());
            sent.bytes().await.unwrap();
        }
    }
    // issue 13, E10: on a miss with `on_miss = "original"` a guest got the lossless original.
    let cleared = server.post(&owner, "/api/v1/cache/clear", json!({})).await;
    assert_eq!(cleared.status(), 200);
    server.state.ingest.set_cache(CacheOptions { encode_on_miss: false, ..CacheOptions::default() });
    let missed = server.get(&owner, &path).await;
    assert_eq!(
        (field(&missed, "x-fanfare-quality"), field(&missed, "x-fanfare-cache")),
        ("original", "miss")
    );
    let head = guest(Method::HEAD).await;
    assert_eq!((field(&head, "x-fanfare-quality"), field(&head, "content-type")), ("medium", "audio/mpeg"));
    let sent = guest(Method::GET).await;
    assert_eq!((field(&sent, "x-fanfare-quality"), field(&sent, "content-type")), ("medium", "audio/mpeg"));
    assert_eq!(sent.bytes().await.unwrap().len().to_string(), field(&head, "content-length"));
    // With the cache switched off there is nothing else to send, and the answer says so.
    server.state.ingest.set_cache(CacheOptions { enabled: false, ..CacheOptions::default() });
    assert_eq!(field(&guest(Method::GET).await, "x-fanfare-quality"), "original");
    server.stop().await;
}

// issue 13, E8: `HEAD` on an uncached track encoded the whole file and took a slot.
#[tokio::test(flavor = "multi_thread")]
async fn head_is_answered_from_the_plan_alone() {
    let (server, owner, ids) = server_with(&[("a.wav", 7.0)]).await;
    let path = |quality: &str| format!("/api/v1/tracks/{}/audio?quality={quality}", ids[0]);
    // No slot is free, so that whatever takes one is refused.
    server.state.ingest.set_cache(CacheOptions { max_encodes: 0, ..CacheOptions::default() });
    assert_eq!(server.get(&owner, &path("low")).await.status(), 429);
    let mut heads = Vec::new();
    for quality in ["high", "medium", "low"] {
        let head = server.request(&owner, Method::HEAD, &path(quality)).send().await.unwrap();
        assert_eq!((head.status().as_u16(), field(&head, "x-fanfare-cache")), (200, "encoding"));
        assert_eq!((field(&head, "content-type"), field(&head, "accept-ranges")), ("audio/mpeg", "bytes"));
        heads.push((quality, field(&head, "content-length").to_owned(), field(&head, "etag").to_owned()));
    }
    let tag = &heads[1].2;
    let known = server
        .request(&owner, Method::HEAD, &path("medium"))
        .header("if-none-match", tag)
        .send()
        .await
        .unwrap();
    assert_eq!(known.status(), 304);
    assert_eq!((streams(&server).await, server.state.delivery.encoding()), (0, 0), "nothing was made");
    assert_eq!(server.store().catalog().cache().names(), Vec::<String>::new());
    // What is then made is what was said.
    server.state.ingest.set_cache(CacheOptions::default());
    for (quality, len, tag) in heads {
        let sent = server.get(&owner, &path(quality)).await;
        assert_eq!(field(&sent, "etag"), tag);
        assert_eq!(sent.bytes().await.unwrap().len().to_string(), len, "{quality}");
    }
    server.stop().await;
}

// issue 13, E8: `HEAD` of a playlist made the whole ladder.
#[tokio::test(flavor = "multi_thread")]
async fn head_of_a_multivariant_playlist_makes_no_ladder() {
    let (server, owner, ids) = server_with(&[("a.wav", 7.0)]).await;
    let made = async || {
        let counts = server.store().jobs().counts("transcode-track").await.unwrap();
        counts.waiting + counts.running + counts.done + counts.parked + counts.cancelled
    };
    let path = |file: &str| format!("/api/v1/tracks/{}/hls/{file}", ids[0]);
    let mut heads = Vec::new();
    for file in ["index.m3u8", "ts.m3u8"] {
        let head = server.request(&owner, Method::HEAD, &path(file)).send().await.unwrap();
        assert_eq!((head.status().as_u16(), field(&head, "content-length")), (200, ""), "{file}");
        heads.push((file, field(&head, "content-type").to_owned(), field(&head, "cache-control").to_owned()));
    }
    assert_eq!(made().await, 0, "nothing was made");
    for (file, media_type, cached) in heads {
        let sent = server.get(&owner, &path(file)).await;
        assert_eq!((sent.status().as_u16(), field(&sent, "content-type")), (200, &*media_type), "{file}");
        assert_eq!(field(&sent, "cache-control"), cached, "{file}");
        let len = sent.text().await.unwrap().len().to_string();
        let head = server.request(&owner, Method::HEAD, &path(file)).send().await.unwrap();
        assert_eq!(field(&head, "content-length"), len, "{file}");
    }
    assert_eq!(made().await, 1, "one ladder");
    server.stop().await;
}

// issue 13, E7: a run that makes files ahead went beyond the cap (12 MB became 27) and was thinned out afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_stops_at_the_cap_and_says_so() {
    let names: Vec<String> = (0..8).map(|number| format!("{number}.wav")).collect();
    let songs: Vec<(&str, f64)> = names.iter().map(|name| (&**name, 6.0)).collect();
    let (server, owner, ids) = server_with(&songs).await;
    // 146 kB each.
    let cap_bytes = 400_000;
    server.state.ingest.set_cache(CacheOptions { cap_bytes, ..CacheOptions::default() });
    let ended = warm(&server, &owner, json!({"scope": {"all": true}, "workers": 2})).await;
    println!("{}", ended["message"]);
    let message = ended["message"].as_str().unwrap();
    assert!(message.starts_with("2 cached, 0 skipped, "), "{ended}");
    assert!(message.contains(" left: the cache is full: 290.9 kB of the 400.0 kB"), "{ended}");
    assert!(message.contains("audio_cache.cap_bytes"), "{ended}");
    assert_eq!(ended["state"], "partial_success");
    let cache = server.store().catalog().cache();
    let on_disk: u64 = cache.files().iter().map(|(_, size, _)| size).sum();
    assert!(on_disk <= cap_bytes, "{on_disk}");
    assert_eq!(cache.files().len(), 2);
    let status = server.json(&owner, "/api/v1/cache").await;
    assert_eq!((&status["size_bytes"], &status["cap_bytes"]), (&json!(on_disk), &json!(cap_bytes)));
    let mut said = Vec::new();
    for id in &ids {
        let explained = explained(&server, &owner, id).await;
        if explained["reason"].as_str().unwrap().contains("the cache is full") {
            assert!(explained["remedy"].as_str().unwrap().contains("audio_cache.cap_bytes"), "{explained}");
            said.push(id);
        }
    }
    assert!(!said.is_empty(), "the track at which it stopped says why");
    // With room again the rest is made by a retry of the run.
    server.state.ingest.set_cache(CacheOptions::default());
    let retried = server
        .post(&owner, &format!("/api/v1/tasks/{}/retry", ended["id"].as_str().unwrap()), json!({}))
        .await;
    assert!(retried.status().is_success(), "{}", retried.status());
    at_rest(&server).await;
    assert_eq!(cache.files().len(), 8);
    server.stop().await;
}
