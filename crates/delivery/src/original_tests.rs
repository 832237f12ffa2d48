use std::{
    io::{self, Write},
    time::Duration,
};

use futures_util::StreamExt;

use super::*;
use crate::content::BUFFER_BYTES;

const TYPE: &str = "audio/flac";

fn file_of(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file.as_file().set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    file
}

fn range(value: &str) -> HeaderMap {
    HeaderMap::from_iter([(header::RANGE, value.parse().unwrap())])
}

async fn collect(answer: Answer) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let Some(mut body) = answer.body.content().map(Content::read) else { return Ok(all) };
    while let Some(bytes) = body.next().await {
        let bytes = bytes?;
        assert!(bytes.len() <= BUFFER_BYTES);
        all.extend_from_slice(&bytes);
    }
    Ok(all)
}

#[tokio::test]
async fn slices_equal_the_file() {
    let bytes: Vec<u8> = (0..BUFFER_BYTES * 3 + 7).map(|i| (i * 31 % 251) as u8).collect();
    let file = file_of(&bytes);
    let open = OpenFile::open(file.path(), SystemTime::now()).await.unwrap();
    assert!(!open.representation().etag.is_weak());
    let len = bytes.len();
    for (first, last) in [(0, 0), (1, BUFFER_BYTES), (BUFFER_BYTES - 1, len - 1), (len - 1, len - 1)] {
        let answer = open.answer(&Method::GET, &range(&format!("bytes={first}-{last}")), TYPE, "b");
        assert_eq!(answer.status, 206);
        assert_eq!(answer.headers[header::CONTENT_LENGTH], (last - first + 1).to_string());
        assert_eq!(collect(answer).await.unwrap(), bytes[first..=last]);
    }
    let whole = open.answer(&Method::GET, &HeaderMap::new(), TYPE, "b");
    let head = open.answer(&Method::HEAD, &HeaderMap::new(), TYPE, "b");
    assert_eq!((head.status, &head.headers), (whole.status, &whole.headers));
    assert!(matches!(head.body, Body::Empty));
    assert_eq!(collect(whole).await.unwrap(), bytes);
    let parts = open.answer(&Method::GET, &range("bytes=0-9,100-199"), TYPE, "b");
    let declared = parts.headers[header::CONTENT_LENGTH].clone();
    assert_eq!(declared, collect(parts).await.unwrap().len().to_string());
}

#[tokio::test]
async fn a_file_that_shrinks_or_changes_ends_the_body_with_an_error() {
    for change in [0, 1] {
        let file = file_of(&vec![7; BUFFER_BYTES * 2]);
        let open = OpenFile::open(file.path(), SystemTime::now()).await.unwrap();
        let mut body = open.answer(&Method::GET, &HeaderMap::new(), TYPE, "b").body.content().unwrap().read();
        assert!(body.next().await.unwrap().is_ok());
        if change == 0 {
            file.as_file().set_len(BUFFER_BYTES as u64 + 1).unwrap();
        } else {
            file.as_file().set_modified(SystemTime::now()).unwrap();
        }
        assert!(body.next().await.unwrap().is_err());
        assert!(body.next().await.is_none());
    }
}

#[tokio::test]
async fn only_regular_files_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    for path in [folder.path(), &pipe, &folder.path().join("nothing"), Path::new("/dev/null")] {
        let error = OpenFile::open(path, SystemTime::now()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{}", path.display());
    }
}

#[tokio::test]
async fn a_fresh_file_has_a_weak_tag_and_an_empty_one_an_empty_body() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let open = OpenFile::open(file.path(), SystemTime::now()).await.unwrap();
    assert!(open.representation().etag.is_weak());
    let answer = open.answer(&Method::GET, &HeaderMap::new(), TYPE, "b");
    assert_eq!(
        (answer.status, answer.headers[header::CONTENT_LENGTH].as_bytes()),
        (StatusCode::OK, &b"0"[..])
    );
    assert_eq!(collect(answer).await.unwrap(), b"");
}
