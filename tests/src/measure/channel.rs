//! What the live channel carries beside a bare socket (issue 14: 50 MB/s of frames with credits).
//!
//! Both pass the same bytes through a pair of Unix sockets, cut in the same pieces, from one thread to another. They take turns;
//! the middle of the rounds counts. A third figure is of a child process that sends, as a worker does.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use fanfare_channel::{Chunk, Handover, LiveReceiver, LiveSender, StreamWriter, inherited};
use fanfare_model::FrameIndex;

use super::Figure;

const ROUNDS: usize = 7;
const TOTAL_BYTES: usize = 200_000_000;
const WINDOW_BYTES: u32 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(60);
/// Pieces, and the least share of the floor that the channel reaches with them: 25 ms of stereo PCM at 48 kHz with 32 bits, and
/// the longest chunk. The share of a debug build, which runs the same code less optimised, is lower.
const PIECES: [(usize, &str, f64, &str); 2] = [
    (9_600, "live channel / socket, 9,600 bytes", 0.30, ">= 0.30 x"),
    (65_536, "live channel / socket, 64 KiB", 0.50, ">= 0.50 x"),
];
const LEAST_MB_S: f64 = 50.0;

/// Speed of the channel as a share of the socket's, and in MB/s.
pub fn live_channel() -> Vec<Figure> {
    let mut figures = Vec::new();
    let (mut slowest, mut slowest_child) = (f64::INFINITY, f64::INFINITY);
    for (piece, name, least, target) in PIECES {
        let (mut channel, mut shares) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (floor, ours) = (bare(piece), through_channel(piece));
            channel.push(ours);
            shares.push(ours / floor);
        }
        let (ours, share) = (middle(channel), middle(shares));
        println!(
            "{piece} bytes: {ours:.0} MB/s through the channel, {:.0} MB/s through a socket",
            ours / share
        );
        slowest = slowest.min(ours);
        let child = middle((0..ROUNDS).map(|_| from_process(piece)).collect());
        println!("{piece} bytes: {child:.0} MB/s from another process");
        slowest_child = slowest_child.min(child);
        figures.push(Figure {
            name: name.to_owned(),
            measured: format!("{share:.2} x"),
            target,
            ok: share >= least,
        });
    }
    figures.push(Figure {
        name: "live channel, the slower of both".to_owned(),
        measured: format!("{slowest:.0} MB/s"),
        target: ">= 50 MB/s",
        ok: slowest >= LEAST_MB_S,
    });
    figures.push(Figure {
        name: "live channel from another process".to_owned(),
        measured: format!("{slowest_child:.0} MB/s"),
        target: ">= 50 MB/s",
        ok: slowest_child >= LEAST_MB_S,
    });
    figures
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn mb_s(began: Instant) -> f64 {
    TOTAL_BYTES as f64 / 1e6 / began.elapsed().as_secs_f64()
}

/// The floor: one thread writes the pieces, another one reads them into memory of their own, as the channel does.
fn bare(piece: usize) -> f64 {
    let (mut from, mut to) = UnixStream::pair().unwrap();
    let bytes = vec![7; piece];
    let began = Instant::now();
    let writer = thread::spawn(move || {
        for _ in 0..TOTAL_BYTES / piece {
            from.write_all(&bytes).unwrap();
        }
    });
    for _ in 0..TOTAL_BYTES / piece {
        let mut bytes = vec![0; piece];
        to.read_exact(&mut bytes).unwrap();
    }
    writer.join().unwrap();
    mb_s(began)
}

/// The same through a stream with credits, from a thread as a product's.
fn through_channel(piece: usize) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (worker, server) = UnixStream::pair().unwrap();
        let (sender, mut receiver) = (LiveSender::new(worker).unwrap(), LiveReceiver::new(server).unwrap());
        let writer = sender.open(Bytes::new()).unwrap();
        let mut reader = receiver.next().await.unwrap().accept(WINDOW_BYTES);
        let began = Instant::now();
        let product = thread::spawn(move || send(writer, piece));
        while reader.next().await.unwrap().is_some() {}
        product.join().unwrap();
        mb_s(began)
    })
}

fn send(mut writer: StreamWriter, piece: usize) {
    let chunk = Chunk::new(FrameIndex(0), Bytes::from(vec![7; piece]));
    for _ in 0..TOTAL_BYTES / piece {
        writer.send_blocking(&chunk, PATIENCE).unwrap();
    }
    writer.end(FrameIndex(0)).unwrap();
}

/// The same from a child process, from the moment when the stream is accepted.
fn from_process(piece: usize) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let Handover { stdin, commands, live } = Handover::new().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["send", &piece.to_string()])
            .stdin(stdin)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut receiver = LiveReceiver::new(live).unwrap();
        let stream = receiver.next().await.unwrap();
        let began = Instant::now();
        let mut reader = stream.accept(WINDOW_BYTES);
        while reader.next().await.unwrap().is_some() {}
        let speed = mb_s(began);
        assert!(child.wait().unwrap().success());
        drop(commands);
        speed
    })
}

/// The child of [`from_process`]: sends the stream in pieces of that many bytes.
pub fn send_once(piece: &Path) {
    let piece = piece.to_str().unwrap().parse().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let sender = LiveSender::new(inherited().unwrap()).unwrap();
        let writer = sender.open(Bytes::new()).unwrap();
        let product = thread::spawn(move || send(writer, piece));
        sender.finish(PATIENCE).await.unwrap();
        product.join().unwrap();
    });
}
