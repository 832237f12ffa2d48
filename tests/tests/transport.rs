//! A ladder as MPEG transport stream, as players without CMAF take it (docs/coverage.md D5).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{fs, process::Command};

use fanfare_testkit::{
    hls::{Expected, transport},
    server::{ServerStart, TestServer},
    signals, wav,
};
use reqwest::{Method, StatusCode};
use serde_json::Value;

const RATE_HZ: u32 = 44_100;
const SECONDS: f64 = 14.0;
/// Bytes of a transport stream packet, and its first (ISO/IEC 13818-1, section 2.4.3.2).
const PACKET_BYTES: usize = 188;
const SYNC_BYTE: u8 = 0x47;
/// Frames of an AAC packet (ISO/IEC 14496-3, section 4.5.1.1).
const AAC_FRAMES: u64 = 1_024;

#[tokio::test]
async fn a_lossy_variant_comes_as_transport_stream_too_and_another_program_reads_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    let tone = signals::sine(RATE_HZ, SECONDS, 440.0, 0.3);
    fs::write(music.join("tone.wav"), wav::wav(RATE_HZ, &[tone], wav::WavFormat::I16)).unwrap();
    let environment = vec![("FANFARE_HLS_LADDER".into(), "low=aac:96,high=flac".into())];
    let server =
        TestServer::start(ServerStart { folders: vec![music], environment, ..ServerStart::default() });
    server.sign_in().await;
    let track = loop {
        let listed = server.json("/api/v1/tracks").await;
        match listed["items"][0]["id"].as_str() {
            Some(id) => break id.to_owned(),
            None => tokio::task::yield_now().await,
        }
    };
    let base = format!("/api/v1/tracks/{track}/hls");
    let get = async |file: &str| {
        let answer = server.request(Method::GET, &format!("{base}/{file}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{file}");
        answer
    };
    get("index.m3u8").await;
    let playlist = loop {
        let playlist = get("low/ts.m3u8").await.text().await.unwrap();
        if playlist.contains("#EXT-X-ENDLIST") {
            break playlist;
        }
    };
    assert!(!playlist.contains("EXT-X-MAP"), "a segment of these stands alone: {playlist}");
    let names: Vec<&str> = playlist.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(names.len() >= 2 && names.iter().all(|name| name.ends_with(".ts")), "{playlist}");
    let mut whole = Vec::new();
    for name in names {
        let answer = get(&format!("low/{name}")).await;
        assert_eq!(answer.headers()["content-type"], "video/mp2t");
        let segment = answer.bytes().await.unwrap();
        assert_eq!(segment.len() % PACKET_BYTES, 0, "{name}");
        assert!(segment.chunks(PACKET_BYTES).all(|packet| packet[0] == SYNC_BYTE), "{name}");
        whole.extend_from_slice(&segment);
    }
    let file = folder.path().join("whole.ts");
    fs::write(&file, whole).unwrap();
    let show = "stream=codec_name,sample_rate,nb_read_packets";
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-count_packets", "-show_entries", show, "-of", "json"])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&probe.stderr).into_owned();
    assert!(probe.status.success() && said.is_empty(), "{said}");
    let found: Value = serde_json::from_slice(&probe.stdout).unwrap();
    let stream = &found["streams"][0];
    assert_eq!((&stream["codec_name"], &stream["sample_rate"]), (&"aac".into(), &"44100".into()), "{found}");
    let packets: u64 = stream["nb_read_packets"].as_str().unwrap().parse().unwrap();
    // All of it, and of what an encoder adds before and after (priming, the last packet's padding) a few packets.
    let least = (SECONDS * f64::from(RATE_HZ)) as u64 / AAC_FRAMES;
    assert!((least..least + 6).contains(&packets), "{packets} packets, at least {least}");

    // FLAC has no place in a transport stream.
    let lossless = server.request(Method::GET, &format!("{base}/high/0.ts")).send().await.unwrap();
    assert!(lossless.status().is_client_error(), "{}", lossless.status());
}

/// issue 12: players that take transport streams choose among variants too.
#[tokio::test(flavor = "multi_thread")]
async fn transport_streams_have_a_multivariant_playlist_with_their_own_rates() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music");
    fs::create_dir(&music).unwrap();
    let tone = signals::sine(RATE_HZ, SECONDS, 440.0, 0.3);
    fs::write(music.join("tone.wav"), wav::wav(RATE_HZ, &[tone], wav::WavFormat::I16)).unwrap();
    let server = TestServer::start(ServerStart { folders: vec![music], ..ServerStart::default() });
    server.sign_in().await;
    let set_ladder = async |ladder: &str| {
        let values = serde_json::json!({"values": {"hls.ladder": ladder}});
        let set = server.request(Method::PATCH, "/api/v1/settings").json(&values).send().await.unwrap();
        assert_eq!(set.status(), StatusCode::OK);
    };
    set_ladder("low=aac:64,medium=aac:160,high=flac").await;
    let track = loop {
        let listed = server.json("/api/v1/tracks").await;
        match listed["items"][0]["id"].as_str() {
            Some(id) => break id.to_owned(),
            None => tokio::task::yield_now().await,
        }
    };
    let base = format!("/api/v1/tracks/{track}/hls");
    let get = async |file: &str| server.request(Method::GET, &format!("{base}/{file}")).send().await.unwrap();
    // This first request starts the ladder; until it is made, the playlist gives its declared rates.
    let growing = get("ts.m3u8").await;
    assert_eq!(growing.status(), StatusCode::OK);
    assert_eq!(growing.headers()["content-type"], "application/vnd.apple.mpegurl");
    let growing = growing.text().await.unwrap();
    for name in ["low", "medium"] {
        while !get(&format!("{name}/ts.m3u8")).await.text().await.unwrap().contains("#EXT-X-ENDLIST") {
            tokio::task::yield_now().await;
        }
    }
    // All files are stored in a folder, with the paths of their addresses.
    let copy = folder.path().join("copy");
    let runtime = tokio::runtime::Handle::current();
    let expected = Expected { frames: (SECONDS * f64::from(RATE_HZ)) as u64, rate_hz: RATE_HZ };
    let (variants, findings) = tokio::task::block_in_place(|| {
        let mut fetch = |file: &str| {
            let answer = runtime.block_on(get(file));
            if answer.status() != StatusCode::OK {
                return Err(format!("{}", answer.status()));
            }
            let bytes = runtime.block_on(answer.bytes()).unwrap().to_vec();
            let path = copy.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &bytes).unwrap();
            Ok(bytes)
        };
        transport::check("ts.m3u8", &mut fetch, expected)
    });
    assert_eq!(findings, Vec::<String>::new());
    let uris: Vec<&str> = variants.iter().map(|variant| variant.stream.uri.as_str()).collect();
    assert_eq!(uris, ["low/ts.m3u8", "medium/ts.m3u8"], "every variant that can be one");
    for variant in &variants {
        let (stream, count) = (&variant.stream, variant.segments.len());
        println!(
            "{}: {} and {} bit/s in {count} segments",
            stream.uri, stream.bandwidth_bps, stream.average_bps
        );
    }
    let declared = growing.matches("#EXT-X-STREAM-INF:BANDWIDTH=").count();
    assert_eq!(declared, 2, "{growing}");

    // Another program finds both variants behind it.
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "program=program_id:program_tags=variant_bitrate"])
        .args(["-show_entries", "stream=codec_name", "-of", "json"])
        .arg(copy.join("ts.m3u8"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&probe.stderr).into_owned();
    assert!(probe.status.success() && said.is_empty(), "{said}");
    let found: Value = serde_json::from_slice(&probe.stdout).unwrap();
    let programs = found["programs"].as_array().unwrap();
    assert_eq!(programs.len(), 2, "{found:#}");
    for (program, variant) in programs.iter().zip(&variants) {
        let rate = variant.stream.bandwidth_bps.to_string();
        assert_eq!(program["tags"]["variant_bitrate"], rate.as_str(), "{found:#}");
    }
    let streams = found["streams"].as_array().unwrap();
    assert!(streams.iter().all(|stream| stream["codec_name"] == "aac"), "{found:#}");

    // A ladder without AAC has none, and says what to play instead.
    set_ladder("high=flac").await;
    let none = get("ts.m3u8").await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
    let problem: Value = none.json().await.unwrap();
    assert!(problem["remedy"].as_str().unwrap().contains("index.m3u8"), "{problem}");
    let unknown = server.request(Method::GET, "/api/v1/tracks/none/hls/ts.m3u8").send().await.unwrap();
    assert!(unknown.status().is_client_error());
}
