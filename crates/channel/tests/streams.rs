//! Streams between two ends: nothing is lost, no stream waits for the reader of another one, and every stream ends with a reason.
//! (Issue 14, "The live channel".)

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test program

mod fixture;

use std::{task::Poll, thread, time::Duration};

use bytes::Bytes;
use fanfare_channel::{
    ChannelError, Chunk, MAX_PAYLOAD_BYTES, MAX_STREAMS, MIN_WINDOW_BYTES, Reason, Violation,
    loopback::{self, Pattern},
};
use fanfare_model::{ErrorKind, FrameIndex};
use fixture::{LONG, SHORT, pair, peak_bytes, stream, until};

const TOTAL_BYTES: u64 = 200_000_000;
/// 25 ms of stereo PCM at 48 kHz with 32 bits.
const CHUNK_BYTES: usize = 9_600;
const WINDOW_BYTES: u32 = 256 << 10;
/// What the channel may take of memory, with much to spare: windows, the outgoing queue, the socket, the allocator.
const MEMORY_BYTES: u64 = 32 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_out_of_order_over_200_mb_from_a_thread_of_a_product() {
    let before = peak_bytes();
    let (sender, mut receiver) = pair();
    let (writer, mut reader) = stream(&sender, &mut receiver, WINDOW_BYTES).await;
    let product = thread::spawn(move || loopback::write_blocking(writer, TOTAL_BYTES, CHUNK_BYTES, LONG));
    let bytes = loopback::read(&mut reader).await.unwrap();
    product.join().unwrap().unwrap();
    assert!(bytes >= TOTAL_BYTES);
    sender.finish(LONG).await.unwrap();
    assert_eq!(receiver.next().await.unwrap_err(), ChannelError::WorkerGone);
    let grown = peak_bytes().saturating_sub(before);
    assert!(grown < MEMORY_BYTES, "{grown} bytes for one stream with a window of {WINDOW_BYTES}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_holds_up_nobody() {
    let before = peak_bytes();
    let (sender, mut receiver) = pair();
    let (mut stuck, mut unread) = stream(&sender, &mut receiver, WINDOW_BYTES).await;
    let (writer, mut reader) = stream(&sender, &mut receiver, WINDOW_BYTES).await;
    // Its reader reads nothing, so it comes as far as its window.
    let mut pattern = Pattern::default();
    let chunk = loop {
        let ahead = pattern;
        let chunk = pattern.chunk(CHUNK_BYTES / 8);
        match stuck.send(&chunk, SHORT).await {
            Ok(()) => assert!(pattern.bytes() <= u64::from(WINDOW_BYTES)),
            Err(ChannelError::NoCredit(_)) if ahead.bytes() > 0 => break chunk,
            // Its first credit is on the way.
            Err(ChannelError::NoCredit(_)) => pattern = ahead,
            Err(error) => panic!("{error}"),
        }
    };
    // It goes on waiting, while the other stream passes all of it.
    let waiting = tokio::spawn(async move {
        let sent = stuck.send(&chunk, LONG).await;
        (stuck, sent)
    });
    let product = thread::spawn(move || loopback::write_blocking(writer, TOTAL_BYTES, CHUNK_BYTES, LONG));
    assert!(loopback::read(&mut reader).await.unwrap() >= TOTAL_BYTES);
    product.join().unwrap().unwrap();
    assert!(!waiting.is_finished(), "the stream that nobody reads got no credit");
    let grown = peak_bytes().saturating_sub(before);
    assert!(grown < MEMORY_BYTES, "{grown} bytes for two streams with a window of {WINDOW_BYTES}");
    // Once it is read, it goes on where it was.
    let mut seen = Pattern::default();
    while seen.bytes() < pattern.bytes() {
        seen.check(&unread.next().await.unwrap().unwrap()).unwrap();
    }
    let (stuck, sent) = waiting.await.unwrap();
    sent.unwrap();
    stuck.end(FrameIndex(7)).unwrap();
    assert_eq!(unread.next().await.unwrap(), None);
    assert_eq!(unread.end_position(), Some(FrameIndex(7)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_streams_arrive_whole_in_the_smallest_window_with_the_longest_chunks() {
    let (sender, mut receiver) = pair();
    let mut products = Vec::new();
    let mut readers = Vec::new();
    for number in 0..8_usize {
        let (writer, mut reader) = stream(&sender, &mut receiver, 1).await;
        let chunk_bytes = [MAX_PAYLOAD_BYTES, 8, 4_096, 16][number % 4];
        let total = if chunk_bytes < 4_096 { 200_000 } else { 10_000_000 };
        products.push(thread::spawn(move || loopback::write_blocking(writer, total, chunk_bytes, LONG)));
        readers.push((total, tokio::spawn(async move { loopback::read(&mut reader).await })));
    }
    for (total, reader) in readers {
        assert!(reader.await.unwrap().unwrap() >= total);
    }
    for product in products {
        product.join().unwrap().unwrap();
    }
}

#[tokio::test]
async fn flags_positions_and_contents_arrive_as_they_were_sent() {
    let (sender, mut receiver) = pair();
    let mut writer = sender.open(Bytes::from_static(b"spectrum of group 3")).unwrap();
    let incoming = receiver.next().await.unwrap();
    assert_eq!(&incoming.content()[..], b"spectrum of group 3");
    let mut reader = incoming.accept(MIN_WINDOW_BYTES);
    for (position, flags, payload) in [(0, 0, &b""[..]), (u64::MAX, 255, b"x"), (5, 1, b"a beat")] {
        let chunk = Chunk { position: FrameIndex(position), flags, payload: Bytes::from_static(payload) };
        writer.send(&chunk, LONG).await.unwrap();
        assert_eq!(reader.next().await.unwrap(), Some(chunk));
    }
    assert_eq!(reader.end_position(), None);
    writer.end(FrameIndex(9)).unwrap();
    assert_eq!(reader.next().await.unwrap(), None);
    assert_eq!(reader.next().await.unwrap(), None, "the end stays the end");
}

#[tokio::test]
async fn a_stream_that_ends_early_says_why_after_its_last_chunk() {
    let (sender, mut receiver) = pair();
    let chunk = Chunk::new(FrameIndex(0), Bytes::from_static(b"last"));
    let reason = Reason {
        kind: ErrorKind::Malformed,
        message: "the file is cut".to_owned(),
        remedy: Some("copy it again".to_owned()),
    };
    let (mut writer, mut reader) = stream(&sender, &mut receiver, MIN_WINDOW_BYTES).await;
    writer.send(&chunk, LONG).await.unwrap();
    writer.fail(&reason).unwrap();
    assert_eq!(reader.next().await.unwrap(), Some(chunk.clone()));
    let error = reader.next().await.unwrap_err();
    assert_eq!(error, ChannelError::Failed(reason));
    let error = fanfare_model::Error::from(error);
    assert_eq!((error.kind(), error.remedy_text()), (ErrorKind::Malformed, Some("copy it again")));

    // A product that panics drops its writer.
    let (writer, mut reader) = stream(&sender, &mut receiver, MIN_WINDOW_BYTES).await;
    drop(writer);
    assert_eq!(reader.next().await.unwrap_err().kind(), ErrorKind::Internal);
}

#[tokio::test]
async fn a_stream_that_its_reader_drops_ends_at_the_writer_with_the_reason() {
    let (sender, mut receiver) = pair();
    let reason = Reason::new(ErrorKind::Cancelled, "the group plays something else");
    let chunk = Chunk::new(FrameIndex(0), Bytes::from(vec![0; CHUNK_BYTES]));

    // While it waits for credit on a thread.
    let (mut writer, reader) = stream(&sender, &mut receiver, MIN_WINDOW_BYTES).await;
    let product = tokio::task::spawn_blocking(move || {
        loop {
            if let Err(error) = writer.send_blocking(&chunk, LONG) {
                return (error, writer.stopped());
            }
        }
    });
    reader.drop_with(reason.clone());
    let dropped = ChannelError::Dropped(reason.clone());
    assert_eq!(product.await.unwrap(), (dropped.clone(), Some(dropped.clone())));

    // Before anybody read it.
    let writer = sender.open(Bytes::new()).unwrap();
    assert_eq!(writer.stopped(), None);
    receiver.next().await.unwrap().refuse(reason);
    until("the refusal", || writer.stopped().is_some()).await;
    assert_eq!(writer.stopped(), Some(dropped));

    // And silently.
    let (writer, reader) = stream(&sender, &mut receiver, MIN_WINDOW_BYTES).await;
    drop(reader);
    until("the drop", || writer.stopped().is_some()).await;
    assert_eq!(writer.stopped().unwrap().kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn a_server_that_closes_ends_every_writer_and_every_reader() {
    let (sender, mut receiver) = pair();
    let (mut writer, mut reader) = stream(&sender, &mut receiver, MIN_WINDOW_BYTES).await;
    let chunk = Chunk::new(FrameIndex(0), Bytes::from(vec![0; CHUNK_BYTES]));
    let product = tokio::task::spawn_blocking(move || {
        loop {
            if let Err(error) = writer.send_blocking(&chunk, LONG) {
                return error;
            }
        }
    });
    assert!(reader.next().await.unwrap().is_some());
    drop(receiver);
    assert_eq!(product.await.unwrap(), ChannelError::ServerGone);
    let error = loop {
        match reader.next().await {
            Ok(chunk) => assert!(chunk.is_some(), "it did not end in order"),
            Err(error) => break error,
        }
    };
    assert_eq!(error, ChannelError::Closed);
    assert_eq!(sender.open(Bytes::new()).unwrap_err(), ChannelError::ServerGone);
    assert_eq!(sender.finish(LONG).await.unwrap_err(), ChannelError::ServerGone);
}

#[tokio::test]
async fn a_send_that_is_cancelled_sends_nothing_and_keeps_its_credit() {
    let (sender, mut receiver) = pair();
    let (mut writer, mut reader) = stream(&sender, &mut receiver, MIN_WINDOW_BYTES).await;
    let (mut made, mut seen) = (Pattern::default(), Pattern::default());
    let mut cancelled = 0;
    // The longest chunks, so that a credit that got lost would stop the stream soon.
    while made.bytes() < 20_000_000 {
        let chunk = made.chunk(MAX_PAYLOAD_BYTES / 8);
        loop {
            let mut sending = std::pin::pin!(writer.send(&chunk, LONG));
            // Looked at once, then given up or finished.
            let first = std::future::poll_fn(|context| Poll::Ready(sending.as_mut().poll(context))).await;
            match first {
                Poll::Ready(sent) => break sent.unwrap(),
                Poll::Pending => cancelled += 1,
            }
            if let Ok(next) = tokio::time::timeout(Duration::from_millis(1), reader.next()).await {
                seen.check(&next.unwrap().unwrap()).unwrap();
            }
        }
    }
    writer.end(FrameIndex(0)).unwrap();
    while let Some(chunk) = reader.next().await.unwrap() {
        seen.check(&chunk).unwrap();
    }
    assert_eq!(seen.bytes(), made.bytes());
    assert!(cancelled > 10, "{cancelled}");
}

#[tokio::test]
async fn too_many_streams_and_too_long_chunks_are_refused_before_anything_is_sent() {
    let (sender, mut receiver) = pair();
    let mut open: Vec<_> = (0..MAX_STREAMS).map(|_| sender.open(Bytes::new()).unwrap()).collect();
    let error = sender.open(Bytes::new()).unwrap_err();
    assert_eq!(
        (error.kind(), &error),
        (ErrorKind::LimitExceeded, &ChannelError::Violation(Violation::TooManyStreams))
    );
    // One that ended makes room.
    open.pop().unwrap().end(FrameIndex(0)).unwrap();
    let mut again = None;
    until("room for a stream", || {
        again = sender.open(Bytes::new()).ok();
        again.is_some()
    })
    .await;
    drop(again);
    let _first = receiver.next().await.unwrap();

    assert_eq!(sender.open(Bytes::from(vec![0; 4_097])).unwrap_err().kind(), ErrorKind::LimitExceeded);
    let chunk = Chunk::new(FrameIndex(0), Bytes::from(vec![0; MAX_PAYLOAD_BYTES + 1]));
    let error = open[0].send(&chunk, LONG).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
}
