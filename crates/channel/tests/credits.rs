//! Who may send how much: each end against a peer that counts by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test program

mod fixture;

use bytes::Bytes;
use fanfare_channel::{
    CHUNK_OVERHEAD_BYTES, ChannelError, Chunk, Kind, MAX_PAYLOAD_BYTES, MAX_WINDOW_BYTES, MIN_WINDOW_BYTES,
};
use fanfare_model::FrameIndex;
use fixture::{LONG, Peer, SHORT};

fn cost(payload_bytes: usize) -> u64 {
    payload_bytes as u64 + u64::from(CHUNK_OVERHEAD_BYTES)
}

#[tokio::test]
async fn a_writer_sends_exactly_what_it_has_credit_for() {
    let (mut server, sender) = Peer::of_worker();
    let mut writer = sender.open(Bytes::from_static(b"x")).unwrap();
    let (opened, content) = server.receive().await;
    assert_eq!((opened.kind, opened.stream, &content[..]), (Kind::Open, 1, &b"x"[..]));
    let chunk = Chunk::new(FrameIndex(3), Bytes::from(vec![7; 1_000]));
    assert_eq!(writer.send(&chunk, SHORT).await.unwrap_err(), ChannelError::NoCredit(SHORT));
    // One byte less than a chunk costs is not enough, in two grants.
    server.send(Kind::Credit, 1, 1_000, b"").await;
    server.send(Kind::Credit, 1, cost(1_000) - 1_001, b"").await;
    assert_eq!(writer.send(&chunk, SHORT).await.unwrap_err(), ChannelError::NoCredit(SHORT));
    assert_eq!(writer.send_blocking(&chunk, SHORT).unwrap_err(), ChannelError::NoCredit(SHORT));
    server.send(Kind::Credit, 1, 1, b"").await;
    writer.send(&chunk, LONG).await.unwrap();
    let (header, payload) = server.receive().await;
    assert_eq!((header.kind, header.position, payload), (Kind::Data, 3, vec![7; 1_000]));
    assert_eq!(writer.send(&chunk, SHORT).await.unwrap_err(), ChannelError::NoCredit(SHORT));
    // Many small grants for several chunks.
    for _ in 0..cost(1_000) * 3 / 56 {
        server.send(Kind::Credit, 1, 56, b"").await;
    }
    for _ in 0..3 {
        writer.send(&chunk, LONG).await.unwrap();
        assert_eq!(server.receive().await.0.length, 1_000);
    }
    assert_eq!(writer.send(&chunk, SHORT).await.unwrap_err(), ChannelError::NoCredit(SHORT));
    writer.end(FrameIndex(4)).unwrap();
    let (header, _) = server.receive().await;
    assert_eq!((header.kind, header.position), (Kind::End, 4), "the end needs no credit");
}

#[tokio::test]
async fn a_reader_grants_its_window_first_and_then_what_it_took() {
    for (stream, asked, granted) in
        [(1, 1, MIN_WINDOW_BYTES), (2, 1 << 20, 1 << 20), (3, u32::MAX, MAX_WINDOW_BYTES)]
    {
        let (mut worker, mut receiver) = Peer::of_server();
        worker.send(Kind::Open, stream, 0, b"").await;
        let mut reader = receiver.next().await.unwrap().accept(asked);
        let (header, _) = worker.receive().await;
        assert_eq!((header.kind, header.stream), (Kind::Credit, stream));
        assert_eq!(header.position, u64::from(granted), "{asked}");
        let (mut credit, window) = (header.position, header.position);
        let payload = vec![0; MAX_PAYLOAD_BYTES];
        let mut spent = 0;
        // Three windows' worth, always as much as there is credit for.
        while spent < 3 * window {
            let mut queued = 0;
            while credit >= cost(payload.len()) {
                worker.send(Kind::Data, stream, spent, &payload).await;
                credit -= cost(payload.len());
                spent += cost(payload.len());
                queued += 1;
            }
            assert!(queued > 0, "a reader that took everything leaves credit for the longest chunk");
            for _ in 0..queued {
                assert!(reader.next().await.unwrap().is_some());
            }
            let (header, _) = worker.receive().await;
            assert_eq!((header.kind, header.stream), (Kind::Credit, stream));
            credit += header.position;
            assert!(credit <= window, "never more than its window");
        }
        worker.send(Kind::End, stream, 0, b"").await;
        while reader.next().await.unwrap().is_some() {}
    }
}

#[tokio::test]
async fn chunks_on_their_way_to_a_reader_that_left_are_discarded_and_the_channel_goes_on() {
    let (mut worker, mut receiver) = Peer::of_server();
    worker.send(Kind::Open, 1, 0, b"").await;
    let reader = receiver.next().await.unwrap().accept(MIN_WINDOW_BYTES);
    assert_eq!(worker.receive().await.0.kind, Kind::Credit);
    drop(reader);
    let (header, _) = worker.receive().await;
    assert_eq!((header.kind, header.stream), (Kind::Dropped, 1));
    for _ in 0..2 {
        worker.send(Kind::Data, 1, 0, &[1; MAX_PAYLOAD_BYTES]).await;
    }
    worker.send(Kind::End, 1, 0, b"").await;
    worker.send(Kind::Open, 2, 0, b"").await;
    let mut reader = receiver.next().await.unwrap().accept(MIN_WINDOW_BYTES);
    let (header, _) = worker.receive().await;
    assert_eq!((header.kind, header.stream), (Kind::Credit, 2), "and the stream before got none");
    worker.send(Kind::Data, 2, 8, b"on").await;
    assert_eq!(reader.next().await.unwrap().unwrap().payload, "on");
}
