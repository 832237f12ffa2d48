//! Where a backup may lie, where the data folder may, and which folders may join the library: folders are what they are, by
//! whatever link or mount a path leads to them (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use fanfare_tests::{
    command::{Ended, run},
    small_disk::Bound,
};

fn backup(target: &Path, data: &Path) -> Ended {
    run(&["backup", target.to_str().unwrap(), "--data", data.to_str().unwrap()])
}

fn scan(folder: &Path, data: &Path) -> Ended {
    run(&["scan", folder.to_str().unwrap(), "--data", data.to_str().unwrap()])
}

struct Place(tempfile::TempDir);

impl Place {
    /// A data folder, and a library `music` in which `out` is a link to `elsewhere`.
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for folder in ["music/albums", "elsewhere"] {
            fs::create_dir_all(place.at(folder)).unwrap();
        }
        symlink(place.at("elsewhere"), place.at("music/out")).unwrap();
        let scanned = scan(&place.at("music"), &place.at("data"));
        assert_eq!(scanned.code, Some(0), "{}", scanned.err);
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }
}

fn refused(ended: &Ended, says: &str) {
    assert_eq!(ended.code, Some(2), "{}{}", ended.out, ended.err);
    assert!(ended.err.contains(says), "{}", ended.err);
}

#[test]
fn no_backup_is_made_in_a_library_or_the_data_folder_whatever_link_leads_there() {
    let place = Place::new();
    let data = place.at("data");
    symlink(&data, place.at("to-data")).unwrap();
    for (target, says) in [
        ("music/out/backup", "cannot lie in the library folder"),
        ("elsewhere/backup", "cannot lie in the library folder"),
        ("to-data/backup", "cannot lie in the data folder"),
        ("data/cache/audio/backup", "cannot lie in the"),
    ] {
        refused(&backup(&place.at(target), &data), says);
    }
    assert_eq!(fs::read_dir(place.at("elsewhere")).unwrap().count(), 0);
    let made = backup(&place.at("backup"), &data);
    assert_eq!(made.code, Some(0), "{}", made.err);
}

#[test]
fn no_backup_is_made_in_a_library_or_the_data_folder_whatever_mount_leads_there() {
    let place = Place::new();
    let data = place.at("data");
    let mount = |from: &str, to: &str| {
        fs::create_dir_all(place.at(to)).unwrap();
        Bound::mount(&place.at(from), &place.at(to))
    };
    let Some(_whole) = mount("music", "whole") else {
        println!("SKIPPED: this user may not mount");
        return;
    };
    fs::create_dir(place.at("shared")).unwrap();
    let _more = [("music/albums", "part"), ("data/blobs", "blobs"), ("shared", "music/nas")]
        .map(|(from, to)| mount(from, to).unwrap());
    for (target, says) in [
        ("whole/backup", "cannot lie in the library folder"),
        ("part/backup", "cannot lie in the library folder"),
        ("shared/backup", "cannot lie in the library folder"),
        ("blobs/backup", "cannot lie in the data folder"),
    ] {
        refused(&backup(&place.at(target), &data), says);
        assert!(!place.at(target).exists(), "{target}");
    }
    // The same for folders that join the library.
    refused(&scan(&place.at("part"), &data), "the folder overlaps with");
    refused(&scan(&place.at("whole"), &data), "the folder overlaps with");
    refused(&scan(&place.at("blobs"), &data), "belongs to what Fanfare itself keeps");
}

/// Issue 12: a link that was put into the library after the last scan hid where a backup would lie, and a restore looked at nothing.
#[test]
fn no_backup_and_no_restored_data_folder_lies_in_a_library_whatever_was_linked_since() {
    let place = Place::new();
    let data = place.at("data");
    let whole = backup(&place.at("backup"), &data);
    assert_eq!(whole.code, Some(0), "{}", whole.err);
    fs::create_dir_all(place.at("later/deep")).unwrap();
    symlink(place.at("later"), place.at("music/albums/since")).unwrap();
    for target in ["later/backup", "later/deep/backup", "music/albums/since/backup"] {
        refused(&backup(&place.at(target), &data), "a backup cannot lie in the library folder");
    }
    let restore = |to: &str| {
        let (from, to) = (place.at("backup"), place.at(to));
        run(&["restore", from.to_str().unwrap(), "--data", to.to_str().unwrap()])
    };
    for to in ["music/data", "music/albums/data", "later/data", "elsewhere/data"] {
        refused(&restore(to), "a restored data folder cannot lie in the library folder");
        assert!(!place.at(to).exists(), "{to}");
    }
    let made = restore("restored");
    assert_eq!(made.code, Some(0), "{}", made.err);
}

#[test]
fn a_path_where_no_folder_can_be_made_is_refused_with_its_cause() {
    let place = Place::new();
    symlink("gone", place.at("dangling")).unwrap();
    symlink("circle", place.at("circle")).unwrap();
    symlink("gone", place.at("line\nbreak")).unwrap();
    fs::write(place.at("file"), "x").unwrap();
    let (name, deep) = ("n".repeat(256), "n/".repeat(2_100));
    let database = "n".repeat(120) + "/" + &["n".repeat(120), "n".repeat(120), "n".repeat(120)].join("/");
    for (path, code, says, remedy) in [
        ("dangling", 2, "leads to gone, which is not there", "mount the disk that it leads to"),
        // A name cannot begin a line of its own.
        (
            "line\nbreak",
            2,
            "line\u{fffd}break leads to gone, which is not there",
            "mount the disk that it leads to",
        ),
        ("file/backup", 2, "file is no folder", "name a folder"),
        ("circle", 3, "links lead in a circle", "make the link lead to"),
        ("circle/backup", 3, "links lead in a circle", "make the link lead to"),
        (&*name, 2, "too long", "use a shorter one"),
        (&*deep, 2, "too long", "use a shorter one"),
        (&*database, 2, "is too long for a database", "name a folder with a shorter path"),
    ] {
        let told = |ended: &Ended| {
            assert_eq!(ended.code, Some(code), "{}{}", ended.out, ended.err);
            assert!(ended.err.contains(says) && ended.err.contains(remedy), "{}", ended.err);
        };
        told(&backup(&place.at(path), &place.at("data")));
        // The data folder alike.
        let whole = place.at(path);
        told(&run(&["serve", "--data", whole.to_str().unwrap(), "--listen", "127.0.0.1:0"]));
    }
    // A library folder may be deep: no database lies in it.
    for (path, code, says, remedy) in [
        ("dangling", 3, "leads to gone, which is not there", "mount the disk that it leads to"),
        ("nowhere", 3, "there is no such folder", "mount the disk that it lies on"),
        ("circle", 3, "links lead in a circle", "make the link lead to"),
        (&*name, 2, "too long", "use a shorter one"),
    ] {
        let (folder, data) = (place.at(path), place.at("data"));
        let serving =
            ["serve", folder.to_str().unwrap(), "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
        for ended in [scan(&folder, &data), run(&serving)] {
            assert_eq!(ended.code, Some(code), "{}{}", ended.out, ended.err);
            assert!(ended.err.contains(says) && ended.err.contains(remedy), "{}", ended.err);
        }
    }
    assert!(!place.at("gone").exists());
}

#[test]
fn a_data_folder_in_a_library_folder_is_left_out_of_it_and_said_so() {
    let place = Place::new();
    let data = place.at("music/data");
    let scanned = scan(&place.at("music"), &data);
    assert_eq!(scanned.code, Some(0), "{}", scanned.err);
    assert!(
        scanned.err.contains("left out of the library: Fanfare keeps its own files there"),
        "{}",
        scanned.err
    );
    let doctor = run(&["doctor", "--data", data.to_str().unwrap()]);
    let says = format!("the data folder {} lies in the library folder", data.display());
    assert!(doctor.out.contains(&says) && doctor.out.contains("warning"), "{}", doctor.out);
    // The other way round it is no library folder.
    refused(&scan(&data.join("blobs"), &data), "belongs to what Fanfare itself keeps");
}
