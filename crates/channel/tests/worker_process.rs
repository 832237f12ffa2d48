//! A real child with the other end of the channel, which is killed in the middle. (Issue 14: "survives a killed worker".)

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test program

mod fixture;

use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use fanfare_channel::{
    ChannelError, Handover, LiveReceiver, LiveSender, inherited,
    loopback::{self, Pattern},
};
use fanfare_model::ErrorKind;
use fixture::LONG;

/// What a child is told to send on each of its streams: `0` for without end.
const TOTAL: &str = "CHANNEL_TEST_TOTAL_BYTES";
const STREAMS: usize = 3;
const CHUNK_BYTES: usize = 9_600;
const WINDOW_BYTES: u32 = 1 << 20;

#[test]
#[ignore = "the body of the child that the other tests start"]
fn child() {
    let total: u64 = std::env::var(TOTAL).unwrap().parse().unwrap();
    let total = if total == 0 { u64::MAX } else { total };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let sender = LiveSender::new(inherited().unwrap()).unwrap();
        assert_eq!(inherited().unwrap_err().kind(), ErrorKind::Unavailable, "there is one only");
        let products: Vec<_> = (0..STREAMS)
            .map(|number| {
                let writer = sender.open(Bytes::from(number.to_string())).unwrap();
                std::thread::spawn(move || loopback::write_blocking(writer, total, CHUNK_BYTES, LONG))
            })
            .collect();
        for product in products {
            product.join().unwrap().unwrap();
        }
        sender.finish(LONG).await.unwrap();
    });
    // It keeps its input for commands: the end comes when the server closes it.
    assert_eq!(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap(), 5);
}

/// A child that runs; killed at the end, however the test ends.
struct Worker {
    child: Child,
    commands: std::os::unix::net::UnixStream,
    receiver: LiveReceiver,
}

impl Worker {
    fn start(total_bytes: u64) -> Self {
        let Handover { stdin, commands, live } = Handover::new().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--ignored", "--nocapture"])
            .env(TOTAL, total_bytes.to_string())
            .stdin(stdin)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, commands, receiver: LiveReceiver::new(live).unwrap() }
    }

    async fn streams(&mut self) -> Vec<fanfare_channel::StreamReader> {
        let mut readers = Vec::new();
        for number in 0..STREAMS {
            let stream = self.receiver.next().await.unwrap();
            assert_eq!(*stream.content(), number.to_string());
            readers.push(stream.accept(WINDOW_BYTES));
        }
        readers
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_worker_ends_every_stream_with_the_error_and_its_replacement_goes_on() {
    let mut first = Worker::start(0);
    // Children that are started at the same time do not keep the channel open.
    let mut other = Command::new("sleep").arg("120").spawn().unwrap();
    let mut readers = first.streams().await;
    let mut patterns = [Pattern::default(); STREAMS];
    for (reader, pattern) in readers.iter_mut().zip(&mut patterns) {
        while pattern.bytes() < 5_000_000 {
            pattern.check(&reader.next().await.unwrap().unwrap()).unwrap();
        }
    }
    first.child.kill().unwrap();
    for (reader, pattern) in readers.iter_mut().zip(&mut patterns) {
        let error = loop {
            match reader.next().await {
                // What had arrived is whole and in order.
                Ok(chunk) => assert!(!pattern.check(&chunk.expect("no end in order")).unwrap()),
                Err(error) => break error,
            }
        };
        assert_eq!((error.kind(), error), (ErrorKind::Unavailable, ChannelError::WorkerGone));
    }
    assert_eq!(first.receiver.next().await.unwrap_err(), ChannelError::WorkerGone);

    let mut second = Worker::start(10_000_000);
    std::io::Write::write_all(&mut second.commands, b"stop\n").unwrap();
    for mut reader in second.streams().await {
        assert!(loopback::read(&mut reader).await.unwrap() >= 10_000_000);
    }
    assert_eq!(second.receiver.next().await.unwrap_err(), ChannelError::WorkerGone);
    // The end of its input ends it, in order.
    second.commands.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(second.child.wait().unwrap().success());
    other.kill().unwrap();
    other.wait().unwrap();
}

#[tokio::test]
async fn a_worker_that_ends_before_it_takes_its_end_is_noticed() {
    let Handover { stdin, commands, live } = Handover::new().unwrap();
    let mut child = Command::new("true").stdin(stdin).spawn().unwrap();
    let mut receiver = LiveReceiver::new(live).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(receiver.next().await.unwrap_err(), ChannelError::WorkerGone);
    drop(commands);
}
