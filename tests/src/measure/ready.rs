//! From the first byte of an upload to the finished track, and the longest of its encoders alone.
//!
//! Vocabulary: *ready* means that the whole ladder, the default transcode, all features and the enrichment are stored.

use std::{fs, path::Path, time::Instant};

use fanfare_model::Quality;
use fanfare_testkit::server::{ServerStart, TestServer};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ladder::make_ladder, transcodes};
use crate::{
    crash::children_of,
    sending::{song, until, upload},
};

/// The encoders of the default ladder, one at a time, and that of the default transcode.
const AAC_VARIANTS: [&str; 2] = ["low=aac:256", "medium=aac:512"];
/// Clock ticks in a second, as `/proc/PID/stat` counts them (proc(5); `USER_HZ` is 100 on every Linux of today).
const TICKS_PER_S: f64 = 100.0;

/// Sends the file to a server of its own, whose workers are started; prints the seconds until it is ready and the
/// processor seconds of server, workers and their children, as JSON.
pub fn ready_once(path: &Path) {
    let server = TestServer::start(ServerStart::default());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let bytes = fs::read(path).unwrap();
    runtime.block_on(async {
        server.sign_in().await;
        // Long enough to be enriched.
        let first = upload(&server, &song(5.0, 1)).await;
        enriched(&server, &first).await;
        let (cpu, began) = (cpu_s(server.pid()), Instant::now());
        let track = upload(&server, &bytes).await;
        enriched(&server, &track).await;
        let (wall_s, cpu_s) = (began.elapsed().as_secs_f64(), cpu_s(server.pid()) - cpu);
        // It was stored before: a listener's first request is answered from the file.
        let address = format!("/api/v1/tracks/{}/audio?quality=medium", id(&track));
        let answer = server.request(Method::HEAD, &address).send().await.unwrap();
        assert!(answer.headers().contains_key("content-length"), "{:?}", answer.headers());
        println!("{}", json!({ "wall_s": wall_s, "cpu_s": cpu_s }));
    });
}

fn id(track: &Value) -> &str {
    track["id"].as_str().unwrap()
}

async fn enriched(server: &TestServer, track: &Value) {
    let path = format!("/api/v1/tracks/{}", id(track));
    let over = |track: &Value| track["enrichment"] == "completed" || track["enrichment"] == "failed";
    let track = until(server, &path, over).await;
    assert_eq!(track["enrichment"], "completed", "{track}");
}

/// Processor seconds of a process and its children so far, those that ended included.
fn cpu_s(pid: u32) -> f64 {
    let own = |pid: u32| {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return 0.0 };
        // The name (in brackets) may hold anything; utime, stime, cutime, cstime are the 12th to 15th after it (proc(5)).
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks = fields.split_whitespace().skip(11).take(4).map(|field| field.parse::<f64>().unwrap());
        ticks.sum::<f64>() / TICKS_PER_S
    };
    let children = children_of(pid).into_iter().map(|child| own(child.as_raw_nonzero().get().unsigned_abs()));
    own(pid) + children.sum::<f64>()
}

/// Encodes the file with each encoder alone; prints the longest and its seconds, as JSON.
pub fn encoders_once(path: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let mut took = Vec::new();
    for variant in AAC_VARIANTS {
        let began = Instant::now();
        make_ladder(path, folder.path(), &variant.parse().unwrap());
        took.push((variant, began.elapsed().as_secs_f64()));
    }
    let began = Instant::now();
    transcodes::make(path, folder.path(), &[Quality::Medium]);
    took.push(("medium=mp3", began.elapsed().as_secs_f64()));
    let (name, longest_s) = took.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    println!("{}", json!({ "longest": name, "longest_s": longest_s }));
}
