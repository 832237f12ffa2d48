//! Live streams of a real worker process, under the supervisor: killed in the middle, with a slow reader, misbehaving, and
//! started by hand.
//!
//! The worker is this very program, started again with an ignored test as its only task.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests say what they expect

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use bytes::Bytes;
use fanfare_audio::FfmpegUse;
use fanfare_channel::{
    ChannelError, MIN_WINDOW_BYTES, StreamReader, inherited,
    loopback::{self, Pattern},
    protocol::{WorkerCommand, WorkerEvent, WorkerRole, line, parse},
};
use fanfare_ingest::Ingest;
use fanfare_model::ErrorKind;
use fanfare_worker::{WorkerProcessOptions, run_worker};
use rustix::process::{Pid, Signal, kill_process};

#[path = "../../ingest/tests/fixture/mod.rs"]
mod fixture;
use fixture::Fixture;

const TOTAL_BYTES: u64 = 50_000_000;
/// 25 ms of stereo PCM at 48 kHz with 32 bits.
const CHUNK_BYTES: usize = 9_600;
const WINDOW_BYTES: u32 = 1 << 20;
/// How often a status is looked at.
const LOOK: Duration = Duration::from_millis(5);

#[test]
#[ignore = "the body of the worker process that the other tests start"]
fn worker_process() {
    let data_dir = PathBuf::from(std::env::args_os().next_back().unwrap());
    let options = WorkerProcessOptions { cache_dir: None, data_dir, jobs: 2, ffmpeg: FfmpegUse::Off };
    tokio::runtime::Runtime::new().unwrap().block_on(run_worker(options)).unwrap();
}

#[test]
#[ignore = "the body of a worker process that breaks the rules of the live channel"]
fn misbehaving_process() {
    let mut live = inherited().unwrap();
    print!("{}", line(&WorkerEvent::Ready { pid: std::process::id(), version: "test".to_owned() }));
    let mut commands = std::io::stdin().lines().map_while(Result::ok).map(|line| parse(line.as_bytes()));
    assert!(commands.any(|command| matches!(command, Some(WorkerCommand::Start { .. }))));
    live.write_all(&[0; 64]).unwrap();
    // It goes on until it is ended.
    loop {
        std::thread::park();
    }
}

async fn supervised(fixture: &Fixture, process: &str) -> Ingest {
    let mut args = [process, "--exact", "--ignored", "--nocapture"].map(Into::into).to_vec();
    args.push(fixture.data().into());
    let store = fixture.store().await;
    fixture.ingest(&store, std::env::current_exe().unwrap(), args, 2).await
}

async fn stream(ingest: &Ingest, content: &str, window_bytes: u32) -> StreamReader {
    let (total_bytes, chunk_bytes) = (TOTAL_BYTES, CHUNK_BYTES);
    let command = WorkerCommand::Loopback { content: content.to_owned(), total_bytes, chunk_bytes };
    let content = Bytes::copy_from_slice(content.as_bytes());
    ingest.live_stream(content, window_bytes, command).await.unwrap()
}

/// Issue 14: "survives a killed worker".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_in_the_middle_of_a_live_stream_is_restarted_once_and_the_stream_starts_again() {
    let fixture = Fixture::new();
    let ingest = supervised(&fixture, "worker_process").await;
    let mut first = stream(&ingest, "first", WINDOW_BYTES).await;
    let mut pattern = Pattern::default();
    while pattern.bytes() < TOTAL_BYTES / 2 {
        pattern.check(&first.next().await.unwrap().unwrap()).unwrap();
    }
    let pid = ingest.live_worker_status().pid.unwrap();
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
    let error = loop {
        match first.next().await {
            Ok(chunk) => assert!(!pattern.check(&chunk.expect("no end in order")).unwrap()),
            Err(error) => break error,
        }
    };
    assert_eq!(error, ChannelError::WorkerGone);
    assert!(pattern.bytes() < TOTAL_BYTES);

    let started = Instant::now();
    let mut second = stream(&ingest, "second", WINDOW_BYTES).await;
    assert_eq!(ingest.live_worker_status().restarts, 1);
    let opened = Instant::now();
    let bytes = loopback::read(&mut second).await.unwrap();
    assert!((TOTAL_BYTES..TOTAL_BYTES + CHUNK_BYTES as u64).contains(&bytes), "{bytes}");
    let mb_s = bytes as f64 / 1e6 / opened.elapsed().as_secs_f64();
    println!("opened after {:?}, then {mb_s:.0} MB/s", opened - started);
    let status = ingest.live_worker_status();
    assert_eq!((status.restarts, status.last_exit.as_deref()), (1, Some("it was ended by signal 9")));
    assert_eq!(ingest.worker_status().restarts, 0, "the worker for background work goes on");
    ingest.shutdown().await;
}

/// Issue 14: "a slow reader holds up nobody".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_takes_nothing_holds_up_no_other_stream_of_the_worker() {
    let fixture = Fixture::new();
    let ingest = supervised(&fixture, "worker_process").await;
    let mut slow = stream(&ingest, "slow", MIN_WINDOW_BYTES).await;
    let mut pattern = Pattern::default();
    pattern.check(&slow.next().await.unwrap().unwrap()).unwrap();
    // While nothing is taken from the first one, the whole of a second one arrives.
    let mut fast = stream(&ingest, "fast", WINDOW_BYTES).await;
    assert!(loopback::read(&mut fast).await.unwrap() >= TOTAL_BYTES);
    // What waited is whole, and it goes on from there.
    let complete = loop {
        let Some(chunk) = slow.next().await.unwrap() else { break pattern.bytes() };
        pattern.check(&chunk).unwrap();
    };
    assert!(complete >= TOTAL_BYTES);
    assert_eq!(ingest.live_worker_status().restarts, 0);
    ingest.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_breaks_the_rules_of_the_live_channel_is_ended() {
    let fixture = Fixture::new();
    let ingest = supervised(&fixture, "misbehaving_process").await;
    while ingest.worker_status().restarts == 0 {
        tokio::time::sleep(LOOK).await;
    }
    assert_eq!(ingest.worker_status().last_exit.as_deref(), Some("it was ended by signal 9"));
    // Two workers broke off before they opened a stream.
    let content = Bytes::from_static(b"none");
    let error = ingest.live_stream(content, WINDOW_BYTES, WorkerCommand::Wake).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    ingest.shutdown().await;
}

#[tokio::test]
async fn a_worker_started_by_hand_has_no_live_channel_and_works() {
    let fixture = Fixture::new();
    let _store = fixture.store().await;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["worker_process", "--exact", "--ignored", "--nocapture"])
        .arg(fixture.data())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut events = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut told = |event: &dyn Fn(&WorkerEvent) -> bool| {
        events.by_ref().filter_map(|line| parse::<WorkerEvent>(line.as_bytes())).any(|said| event(&said))
    };
    assert!(told(&|event| matches!(event, WorkerEvent::Ready { .. })));
    let content = "a".to_owned();
    for command in [
        WorkerCommand::Start { owner: "by hand".to_owned(), slots: 1, role: WorkerRole::Background },
        WorkerCommand::Loopback { content, total_bytes: TOTAL_BYTES, chunk_bytes: CHUNK_BYTES },
    ] {
        input.write_all(line(&command).as_bytes()).unwrap();
    }
    assert!(told(&|event| *event == WorkerEvent::Idle));
    drop(input);
    assert!(child.wait().unwrap().success());
}
