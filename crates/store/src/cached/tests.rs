//! Tests of the cache folder: names, files while they are made, what earlier attempts left.

use std::{io::Write as _, os::unix::fs::FileExt as _};

use fanfare_model::{BlockGrid, ContentHash, ErrorKind, Quality, TranscodeCodec};

use super::*;

const GRID: BlockGrid = BlockGrid { head_bytes: 4, block_bytes: 3, blocks: 3, len_bytes: 12 };

fn profile() -> Profile {
    Profile::of(Quality::Medium, TranscodeCodec::Mp3).unwrap()
}

#[test]
fn a_file_can_be_read_while_it_is_made_and_has_its_name_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CacheFolder::new(folder.path().join("cache/audio"));
    let job = JobId::from_bytes([1; 16]);
    let place = cache.making(job, Attempt(1));
    assert!(Following::open(&place, profile()).unwrap().is_none());
    let making = cache.begin(job, Attempt(1)).unwrap();
    let mut file = making.file(profile(), GRID, b"head").unwrap();
    let mut seen = Following::open(&place, profile()).unwrap().unwrap();
    assert_eq!((seen.grid(), seen.has(0), seen.is_whole()), (GRID, false, false));

    assert_eq!(file.block(1, b"xx").unwrap_err().kind(), ErrorKind::Internal);
    file.block(1, b"two").unwrap();
    seen.look().unwrap();
    assert_eq!((seen.has(0), seen.has(1), seen.is_whole()), (false, true, false));
    let mut torn = fs::File::options().append(true).open(index_path(&place, profile())).unwrap();
    torn.write_all(b"2").unwrap();
    seen.look().unwrap();
    assert!(!seen.has(2), "half a line is not read");
    torn.write_all(b"\n").unwrap();
    seen.look().unwrap();
    assert!(seen.has(2));

    let name = profile().file_name(ContentHash::from_bytes([7; 32]));
    assert_eq!((file.next_missing(1), file.next_missing(0)), (Some(2), Some(0)));
    file.block(0, b"one").unwrap();
    assert_eq!(cache.size(&name), None);
    file.block(2, b"en").unwrap();
    let kept = file.keep(&name).unwrap();
    assert_eq!(kept.size_bytes, 12);
    assert_eq!(kept.sum.as_bytes(), blake3::hash(b"headonetwoen").as_bytes());
    drop(making);
    assert!(!place.exists());
    assert_eq!((cache.size(&name), cache.names()), (Some(12), vec![name.clone()]));
    let mut bytes = [0; 3];
    seen.file().read_exact_at(&mut bytes, 7).unwrap();
    assert_eq!(&bytes, b"two", "who had it open reads on");
    cache.remove(&name).unwrap();
    cache.remove(&name).unwrap();
    assert_eq!(cache.size(&name), None);
}

#[test]
fn half_a_file_is_never_kept_and_a_later_attempt_sweeps_it_away() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CacheFolder::new(folder.path().to_path_buf());
    let job = JobId::from_bytes([2; 16]);
    let making = cache.begin(job, Attempt(1)).unwrap();
    let file = making.file(profile(), GRID, b"head").unwrap();
    let name = profile().file_name(ContentHash::from_bytes([7; 32]));
    assert_eq!(file.keep(&name).unwrap_err().kind(), ErrorKind::Internal);
    std::mem::forget(making); // its worker was killed
    let _second = cache.begin(job, Attempt(2)).unwrap();
    assert!(!cache.making(job, Attempt(1)).exists());
    cache.tidy();
    assert!(!cache.making(job, Attempt(2)).exists() && cache.names().is_empty());
}

#[test]
fn only_names_of_ours_lead_anywhere() {
    let cache = CacheFolder::new(PathBuf::from("/cache"));
    let good = profile().file_name(ContentHash::from_bytes([0xab; 32]));
    assert_eq!(cache.path(&good), Some(PathBuf::from(format!("/cache/{good}"))));
    for name in [
        "",
        "..",
        "/etc/passwd",
        "a_medium_192k.mp3",
        &format!("../{good}"),
        &format!("{good}/"),
        &good.replace("mp3", "php"),
    ] {
        assert_eq!(cache.path(name), None, "{name}");
    }
}
