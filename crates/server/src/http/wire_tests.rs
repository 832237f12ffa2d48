use std::{
    future::poll_fn,
    io::Write as _,
    time::{Duration, SystemTime},
};

use fanfare_delivery::{Content, OpenFile, Piece};
use http::{HeaderMap, Method};
use proptest::prelude::*;
use rustix::net::sockopt;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

const FILE_BYTES: usize = 3 * PIECE_BYTES + 17;

fn content() -> Vec<u8> {
    (0..FILE_BYTES).map(|i| (i * 31 % 251) as u8).collect()
}

fn file() -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&content()).unwrap();
    file.as_file().set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    file
}

/// Two ends of a connection; small: with a small buffer at the near one, so that writes are short. (Still smaller ones, or a
/// small one at the far end, would make it crawl.)
async fn pair(small: bool) -> (Wire, Outbox, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (far, _) = listener.accept().await.unwrap();
    if small {
        sockopt::set_socket_send_buffer_size(&near, 16_384).unwrap();
    }
    let (wire, outbox) = Wire::new(near);
    (wire, outbox, far)
}

/// The content of an answer to that range, and the bytes it stands for.
async fn ranges(file: &tempfile::NamedTempFile, ranges: &str) -> Content {
    let open = OpenFile::open(file.path(), SystemTime::now()).await.unwrap();
    let headers = HeaderMap::from_iter([(http::header::RANGE, ranges.parse().unwrap())]);
    open.answer(&Method::GET, &headers, "audio/flac", "b").body.content().unwrap()
}

/// Writes as hyper does: as many buffers as there are in one call, then on from where that ended.
async fn write_all(wire: &mut Wire, mut buffers: VecDeque<Bytes>) -> io::Result<()> {
    while !buffers.is_empty() {
        let slices: Vec<IoSlice<'_>> = buffers.iter().map(|buffer| IoSlice::new(buffer)).collect();
        let mut written = poll_fn(|cx| Pin::new(&mut *wire).poll_write_vectored(cx, &slices)).await?;
        while let Some(front) = buffers.front_mut() {
            let part = written.min(front.len());
            let _ = front.split_to(part);
            written -= part;
            if !front.is_empty() {
                break;
            }
            buffers.pop_front();
        }
        assert_eq!(written, 0);
    }
    wire.flush().await
}

/// What is written next: text of that length, or that run of the file.
#[derive(Debug, Clone)]
enum Part {
    Text(usize),
    File(usize, usize),
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        (0_usize..5_000).prop_map(Part::Text),
        (0..FILE_BYTES, 1_usize..PIECE_BYTES).prop_map(|(first, len)| Part::File(first, len)),
        (0..FILE_BYTES, 1_usize..10).prop_map(|(first, len)| Part::File(first, len)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_mix_of_text_and_files_arrives_in_order(
        parts in prop::collection::vec(part(), 1..40),
        together in 1_usize..20,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (file, bytes) = (file(), content());
            let (mut wire, outbox, mut far) = pair(true).await;
            let mut expected = Vec::new();
            let mut calls = vec![VecDeque::new()];
            for (index, part) in parts.iter().enumerate() {
                let buffer = match *part {
                    Part::Text(len) => Bytes::from(vec![index as u8; len]),
                    Part::File(first, len) => {
                        let last = (first + len).min(FILE_BYTES) - 1;
                        let mut content = ranges(&file, &format!("bytes={first}-{last}")).await;
                        let Some(Piece::File(slice)) = content.next_piece(u64::MAX) else { unreachable!() };
                        expected.extend_from_slice(&bytes[first..=last]);
                        outbox.put(slice).unwrap()
                    }
                };
                if matches!(part, Part::Text(_)) {
                    expected.extend_from_slice(&buffer);
                }
                if calls.last().is_some_and(|call| call.len() == together) {
                    calls.push(VecDeque::new());
                }
                calls.last_mut().unwrap().push_back(buffer);
            }
            let writing = async move {
                for call in calls {
                    write_all(&mut wire, call).await.unwrap();
                }
                wire.shutdown().await.unwrap();
            };
            // The end of the reader as well: the writer waits for it.
            let reading = async move {
                let mut got = Vec::new();
                far.read_to_end(&mut got).await.unwrap();
                got
            };
            let (_, got) = tokio::join!(writing, reading);
            // Not assert_eq: megabytes of numbers help nobody.
            assert!(got == expected, "{} of {} bytes", got.len(), expected.len());
        });
    }
}

#[tokio::test]
async fn a_file_that_shrinks_or_changes_breaks_the_connection() {
    for shrink in [true, false] {
        let file = file();
        let mut content = ranges(&file, "bytes=0-").await;
        let (mut wire, outbox, mut far) = pair(true).await;
        let mut sent = VecDeque::new();
        while let Some(Piece::File(slice)) = content.next_piece(PIECE_BYTES as u64) {
            sent.push_back(outbox.put(slice).unwrap());
        }
        let change = async move {
            far.read_exact(&mut vec![0; 1_000]).await.unwrap();
            if shrink {
                file.as_file().set_len(PIECE_BYTES as u64).unwrap();
            } else {
                file.as_file().set_modified(SystemTime::now()).unwrap();
            }
            let mut rest = Vec::new();
            // Ends when the other side is dropped, in order or not.
            let _ = far.read_to_end(&mut rest).await;
            rest.len()
        };
        let write = async move { write_all(&mut wire, sent).await };
        let (written, got) = tokio::join!(write, change);
        written.unwrap_err();
        assert!(got < FILE_BYTES - 1_000, "{got}");
    }
}

#[tokio::test]
async fn a_stand_in_out_of_order_fails_and_is_never_sent_itself() {
    let file = file();
    for (written, sent) in [(1, 0), (2, 0)] {
        let (mut wire, outbox, mut far) = pair(true).await;
        let mut stand_ins = Vec::new();
        for range in ["bytes=0-9", "bytes=10-19"] {
            let Some(Piece::File(slice)) = ranges(&file, range).await.next_piece(u64::MAX) else {
                unreachable!()
            };
            stand_ins.push(outbox.put(slice).unwrap());
        }
        // One that was never given out.
        stand_ins.push(Bytes::from_static(&region()[PIECE_BYTES * 5..PIECE_BYTES * 5 + 9]));
        write_all(&mut wire, [stand_ins[written].clone()].into()).await.unwrap_err();
        drop(wire);
        let mut got = Vec::new();
        far.read_to_end(&mut got).await.unwrap();
        assert_eq!(got.len(), sent);
    }
}

#[tokio::test]
async fn the_region_has_addresses_and_no_memory() {
    let file = file();
    let (mut wire, outbox, mut far) = pair(false).await;
    let before = resident_kib();
    let mut total = 0;
    // Twice around the region.
    while total < 2 * REGION_BYTES {
        let Some(Piece::File(slice)) = ranges(&file, "bytes=0-").await.next_piece(PIECE_BYTES as u64) else {
            unreachable!()
        };
        total += slice.len() as usize;
        let stand_in = outbox.put(slice).unwrap();
        let mut got = vec![0; PIECE_BYTES];
        let (written, read) = tokio::join!(write_all(&mut wire, [stand_in].into()), far.read_exact(&mut got));
        written.unwrap();
        read.unwrap();
    }
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 4_096, "{grown} KiB");
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
