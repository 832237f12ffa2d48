//! Peers that break the rules: the channel closes with the rule that was broken, and nothing is allocated by their word.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test program

mod fixture;

use bytes::Bytes;
use fanfare_channel::{
    ChannelError, HEADER_BYTES, Header, Kind, LiveReceiver, MAX_STREAMS, MIN_WINDOW_BYTES, Violation,
};
use fanfare_model::ErrorKind;
use fixture::{Peer, frame, until};
use proptest::prelude::*;
use tokio::io::AsyncWriteExt as _;

/// A header as bytes, with some of them changed.
fn broken(kind: Kind, changes: &[(usize, u8)]) -> Vec<u8> {
    let mut bytes = Header { kind, flags: 0, stream: 1, position: 0, length: 0 }.encode().unwrap().to_vec();
    for (at, byte) in changes {
        bytes[*at] = *byte;
    }
    bytes
}

/// Frames of a bad worker, after stream 1 was opened and accepted with the smallest window.
fn bad_workers() -> Vec<(Vec<u8>, Violation)> {
    use Kind::{Credit, Data, Dropped, End, Failed, Open};
    let huge = [(16, 255), (17, 255), (18, 255), (19, 255)];
    let too_long = |kind, bytes| Violation::TooLong { kind, bytes };
    let over_window = frame(Data, 1, 0, &[0; 65_536]).repeat(3);
    let many = (2..=MAX_STREAMS as u32 + 1).flat_map(|stream| frame(Open, stream, 0, b"")).collect();
    vec![
        (broken(Data, &[(0, b'{')]), Violation::Magic(b'{')),
        (broken(Data, &[(1, 2)]), Violation::Version(2)),
        (broken(Data, &[(2, 0)]), Violation::UnknownKind(0)),
        (broken(Data, &[(2, 7)]), Violation::UnknownKind(7)),
        (broken(End, &[(3, 1)]), Violation::Flags(End)),
        (broken(Open, &[(8, 1)]), Violation::Position(Open)),
        (broken(Data, &[(4, 0)]), Violation::StreamNumber(0)),
        (broken(Data, &huge), too_long(Data, u64::from(u32::MAX))),
        (broken(Data, &[(16, 1), (18, 1)]), too_long(Data, 65_537)),
        (broken(Open, &[(16, 1), (17, 16)]), too_long(Open, 4_097)),
        (broken(End, &[(16, 1)]), too_long(End, 1)),
        (broken(Failed, &[(16, 1), (17, 4)]), too_long(Failed, 1_025)),
        (frame(Credit, 1, 5, b""), Violation::Direction(Credit)),
        (frame(Dropped, 1, 0, b"io"), Violation::Direction(Dropped)),
        (frame(Data, 2, 0, b"x"), Violation::UnknownStream(2)),
        (frame(End, 9, 0, b""), Violation::UnknownStream(9)),
        (frame(Failed, 9, 0, b"io"), Violation::UnknownStream(9)),
        (frame(Open, 1, 0, b""), Violation::StreamNumber(1)),
        ([frame(Open, 7, 0, b""), frame(Open, 6, 0, b"")].concat(), Violation::StreamNumber(6)),
        ([frame(End, 1, 0, b""), frame(Data, 1, 0, b"x")].concat(), Violation::UnknownStream(1)),
        ([frame(End, 1, 0, b""), frame(Open, 1, 0, b"")].concat(), Violation::StreamNumber(1)),
        // Nobody accepted it, so it has no credit at all.
        ([frame(Open, 2, 0, b""), frame(Data, 2, 0, b"")].concat(), Violation::OverCredit(2)),
        (over_window, Violation::OverCredit(1)),
        // Chunks without payload cost something, too.
        (frame(Data, 1, 0, b"").repeat(2_051), Violation::OverCredit(1)),
        (many, Violation::TooManyStreams),
    ]
}

#[tokio::test]
async fn a_worker_that_breaks_a_rule_loses_the_channel_and_every_stream_says_which() {
    for (bytes, violation) in bad_workers() {
        let (mut worker, mut receiver) = Peer::of_server();
        worker.send(Kind::Open, 1, 0, b"").await;
        let mut reader = receiver.next().await.unwrap().accept(MIN_WINDOW_BYTES);
        assert_eq!(worker.receive().await.0.kind, Kind::Credit);
        // The channel may close before all of it was sent.
        let _closed = worker.0.write_all(&bytes).await;
        let error = loop {
            match receiver.next().await {
                Ok(stream) => drop(stream),
                Err(error) => break error,
            }
        };
        assert_eq!(error, ChannelError::Violation(violation));
        assert!(matches!(error.kind(), ErrorKind::Malformed | ErrorKind::LimitExceeded), "{error}");
        let ended = loop {
            match reader.next().await {
                Ok(Some(_)) => {}
                other => break other,
            }
        };
        // A stream that ended in order before stays as it was.
        assert!(ended == Ok(None) || ended == Err(error.clone()), "{violation}: {ended:?}");
    }
}

#[tokio::test]
async fn a_server_that_breaks_a_rule_loses_the_channel() {
    use Kind::{Credit, Data, Dropped, End, Failed, Open};
    let most = u64::from(fanfare_channel::MAX_WINDOW_BYTES);
    for (bytes, violation) in [
        (broken(Credit, &[(0, b'\n')]), Violation::Magic(b'\n')),
        (broken(Credit, &[(16, 1)]), Violation::TooLong { kind: Credit, bytes: 1 }),
        (broken(Dropped, &[(19, 1)]), Violation::TooLong { kind: Dropped, bytes: 1 << 24 }),
        (frame(Credit, 2, 1, b""), Violation::UnknownStream(2)),
        (frame(Dropped, 2, 0, b""), Violation::UnknownStream(2)),
        (frame(Credit, 1, most + 1, b""), Violation::TooMuchCredit(1)),
        (frame(Credit, 1, u64::MAX, b""), Violation::TooMuchCredit(1)),
        ([frame(Credit, 1, most, b""), frame(Credit, 1, 1, b"")].concat(), Violation::TooMuchCredit(1)),
        (frame(Open, 2, 0, b""), Violation::Direction(Open)),
        (frame(Data, 1, 0, b""), Violation::Direction(Data)),
        (frame(End, 1, 0, b""), Violation::Direction(End)),
        (frame(Failed, 1, 0, b""), Violation::Direction(Failed)),
    ] {
        let (mut server, sender) = Peer::of_worker();
        let writer = sender.open(Bytes::new()).unwrap();
        assert_eq!(server.receive().await.0.kind, Kind::Open);
        let _closed = server.0.write_all(&bytes).await;
        until("the end of the channel", || writer.stopped().is_some()).await;
        assert_eq!(writer.stopped(), Some(ChannelError::Violation(violation)));
        assert_eq!(sender.open(Bytes::new()).unwrap_err(), ChannelError::Violation(violation));
    }
}

#[tokio::test]
async fn a_frame_that_is_cut_anywhere_is_a_worker_that_is_gone() {
    let whole = [frame(Kind::Open, 1, 0, b"content"), frame(Kind::Open, 2, 0, b"more")].concat();
    for cut in 0..=whole.len() {
        let (mut worker, mut receiver) = Peer::of_server();
        worker.0.write_all(&whole[..cut]).await.unwrap();
        drop(worker);
        let mut opened = 0;
        let error = loop {
            match receiver.next().await {
                Ok(_) => opened += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error, ChannelError::WorkerGone);
        let complete = [HEADER_BYTES + 7, whole.len()].iter().filter(|end| cut >= **end).count();
        assert_eq!(opened, complete, "cut at {cut}");
    }
}

#[tokio::test]
async fn a_late_credit_or_drop_for_a_stream_that_ended_is_no_fault() {
    let (mut server, sender) = Peer::of_worker();
    let first = sender.open(Bytes::new()).unwrap();
    first.end(fanfare_model::FrameIndex(0)).unwrap();
    for kind in [Kind::Open, Kind::End] {
        assert_eq!(server.receive().await.0.kind, kind);
    }
    server.send(Kind::Credit, 1, 100, b"").await;
    server.send(Kind::Dropped, 1, 0, b"cancelled\nover").await;
    let writer = sender.open(Bytes::new()).unwrap();
    server.send(Kind::Dropped, 2, 0, b"busy\nlater").await;
    until("the drop", || writer.stopped().is_some()).await;
    assert_eq!(writer.stopped().unwrap().kind(), ErrorKind::Busy);
}

/// What the server says of a worker that writes these bytes and ends.
fn fate(bytes: &[u8]) -> ChannelError {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (here, there) = std::os::unix::net::UnixStream::pair().unwrap();
        std::io::Write::write_all(&mut &here, bytes).unwrap();
        drop(here);
        let mut receiver = LiveReceiver::new(there).unwrap();
        loop {
            match receiver.next().await {
                Ok(stream) => drop(stream.accept(MIN_WINDOW_BYTES)),
                Err(error) => return error,
            }
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_end_in_a_reason(
        frames in prop::collection::vec(
            (0_usize..6, 1_u32..4, prop::collection::vec(any::<u8>(), 0..40)), 0..12),
        place in any::<prop::sample::Index>(), byte in any::<u8>(), change in any::<bool>(),
    ) {
        let mut bytes = Vec::new();
        for (kind, stream, payload) in frames {
            let kind = Kind::ALL[kind];
            bytes.extend(frame(kind, stream, 0, &payload[..payload.len().min(kind.max_bytes())]));
        }
        if change && !bytes.is_empty() {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        prop_assert!(matches!(fate(&bytes), ChannelError::WorkerGone | ChannelError::Violation(_)));
    }
}
