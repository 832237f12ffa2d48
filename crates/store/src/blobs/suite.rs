//! The cases every [`BlobStore`] must pass; each takes a store that is empty.
//!
//! A case panics when it fails: these are for tests of back-ends, here and elsewhere.
#![allow(clippy::unwrap_used)] // a conformance case is test code, wherever it is compiled

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fanfare_model::{ErrorKind, Timestamp};

use super::{
    BlobKind::{Cover, Media, Upload},
    BlobStore, blob_name,
};

/// What was put is got, once, under the hash of its bytes.
pub async fn what_was_put_is_got(store: &dyn BlobStore) {
    for bytes in [b"".to_vec(), b"one".to_vec(), vec![7; 300_000]] {
        let name = store.put(Cover, &bytes).await.unwrap();
        assert_eq!(name, blob_name(&bytes));
        assert_eq!(store.put(Cover, &bytes).await.unwrap(), name);
        assert!(store.contains(Cover, name).await.unwrap());
        assert_eq!(store.get(Cover, name).await.unwrap(), Some(bytes));
    }
    assert_eq!(store.list(Cover).await.unwrap().len(), 3);
}

/// What was never put, or was removed, is not there; removing it again is no error.
pub async fn what_was_removed_is_gone(store: &dyn BlobStore) {
    let name = blob_name(b"gone");
    assert_eq!(store.get(Cover, name).await.unwrap(), None);
    assert!(!store.contains(Cover, name).await.unwrap());
    store.put(Cover, b"gone").await.unwrap();
    for _ in 0..2 {
        store.remove(Cover, name).await.unwrap();
        assert_eq!(store.get(Cover, name).await.unwrap(), None);
    }
    assert!(store.list(Cover).await.unwrap().is_empty());
}

/// Names are listed in order, each once.
pub async fn names_are_listed_in_order(store: &dyn BlobStore) {
    let mut names = Vec::new();
    for number in 0..40_u8 {
        names.push(store.put(Cover, &[number]).await.unwrap());
    }
    names.sort_unstable();
    assert_eq!(store.list(Cover).await.unwrap(), names);
}

/// Several writers of the same bytes at once leave one blob.
pub async fn writers_of_the_same_bytes_agree(store: &dyn BlobStore) {
    let bytes = vec![3; 100_000];
    let writers = (0..8).map(|_| store.put(Cover, &bytes));
    for name in futures_util::future::join_all(writers).await {
        assert_eq!(name.unwrap(), blob_name(&bytes));
    }
    assert_eq!(store.list(Cover).await.unwrap(), [blob_name(&bytes)]);
}

/// A file of the staging folder is adopted whole: it is gone from there, got under its hash, and adopted once.
pub async fn a_file_of_the_staging_folder_is_adopted(store: &dyn BlobStore) {
    let bytes = vec![9; 300_000];
    for (kind, number) in [(Upload, 1), (Upload, 2), (Media, 3)] {
        let file = store.staging().join(format!("file-{number}"));
        std::fs::write(&file, &bytes).unwrap();
        let name = store.adopt(kind, &file).await.unwrap();
        assert_eq!(name, blob_name(&bytes));
        assert!(!file.exists(), "it was moved");
        let local = store.local(kind, name).await.unwrap().unwrap();
        assert_eq!(std::fs::read(local).unwrap(), bytes);
        assert_eq!(store.list(kind).await.unwrap(), [name]);
    }
    assert_eq!(store.local(Cover, blob_name(&bytes)).await.unwrap(), None, "kinds are apart");
    let missing = store.staging().join("nothing");
    assert_eq!(store.adopt(Media, &missing).await.unwrap_err().kind(), ErrorKind::NotFound);
}

/// Blobs are listed with their size and age, and storing one again makes it young.
pub async fn old_blobs_are_told_from_young_ones(store: &dyn BlobStore) {
    let now = || {
        // File systems count time in steps of up to 10 ms.
        std::thread::sleep(Duration::from_millis(30));
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        std::thread::sleep(Duration::from_millis(30));
        Timestamp(i64::try_from(since.as_millis()).unwrap())
    };
    let older_than = async |time: Timestamp| {
        let mut stored = store.stored(Cover).await.unwrap();
        stored.retain(|blob| blob.stored < time);
        stored.iter().map(|blob| (blob.name, blob.size_bytes)).collect::<Vec<_>>()
    };
    let before = now();
    let one = (store.put(Cover, b"one").await.unwrap(), 3);
    let two = (store.put(Cover, b"second").await.unwrap(), 6);
    assert_eq!(older_than(before).await, []);
    let mut both = vec![one, two];
    both.sort_unstable();
    let between = now();
    assert_eq!(older_than(between).await, both);
    store.put(Cover, b"one").await.unwrap();
    assert_eq!(older_than(between).await, [two]);
    assert_eq!(older_than(now()).await, both);
}

/// The mark is what was last set.
pub async fn the_mark_is_what_was_last_set(store: &dyn BlobStore) {
    assert_eq!(store.mark().await.unwrap(), None);
    for mark in ["one", "another"] {
        store.set_mark(mark).await.unwrap();
        assert_eq!(store.mark().await.unwrap().as_deref(), Some(mark));
    }
    assert!(store.list(Cover).await.unwrap().is_empty(), "it is no blob");
}
