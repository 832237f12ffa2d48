//! `fanfare backup` when the disk of the data folder is read-only or full: that is when one needs it (issue 12).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // tests only

use std::{fs, path::Path};

use fanfare_store::DATABASE_FILE;
use fanfare_testkit::server::{ServerStart, TestServer, copy_folder};
use fanfare_tests::{
    command::run,
    sending::{audio, sign_in_again, song, upload},
    small_disk::SmallDisk,
};

/// A server in that data folder. Uploads need no other program there.
fn start(data: &Path, log: &Path) -> TestServer {
    let environment = vec![("FANFARE_HLS_LADDER".into(), "high=flac".into())];
    let (data, log) = (Some(data.to_owned()), Some(log.to_owned()));
    TestServer::start(ServerStart { data, log, environment, ..ServerStart::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_of_a_data_folder_that_cannot_be_written() {
    for (is_killed, how) in [(false, "ro"), (true, "ro"), (false, "full"), (true, "full")] {
        let Some(disk) = SmallDisk::mount(32) else {
            println!("SKIPPED: this user may not mount a small file system");
            return;
        };
        let outside = tempfile::tempdir().unwrap();
        let (data, log) = (disk.path().join("data"), outside.path().join("server.log"));
        let used = outside.path().join("used");
        let server = start(&used, &log);
        server.sign_in().await;
        let first = upload(&server, &song(2.0, 1)).await;
        if is_killed {
            // As a power cut leaves it: the last writes are in the log alone, and its index is gone.
            copy_folder(&used, &data);
            assert!(fs::metadata(data.join(format!("{DATABASE_FILE}-wal"))).unwrap().len() > 0);
            fs::remove_file(data.join(format!("{DATABASE_FILE}-shm"))).unwrap();
        }
        assert!(server.stop().success());
        if !is_killed {
            copy_folder(&used, &data);
        }
        match how {
            "ro" => disk.remount("ro"),
            _ => drop(disk.fill("ballast")),
        }
        let serving = start(&data, &log);
        // Beside a server that only reads, and without one.
        let backups = ["first", "second"].map(|name| outside.path().join(name));
        let made =
            |target: &Path| run(&["backup", target.to_str().unwrap(), "--data", data.to_str().unwrap()]);
        let beside = made(&backups[0]);
        assert!(serving.stop().success());
        for done in [beside, made(&backups[1])] {
            assert_eq!(done.code, Some(0), "{how}, killed {is_killed}: {}{}", done.out, done.err);
        }
        for target in &backups {
            let restored = target.with_extension("restored");
            let done = run(&["restore", target.to_str().unwrap(), "--data", restored.to_str().unwrap()]);
            assert_eq!(done.code, Some(0), "{how}, killed {is_killed}: {}{}", done.out, done.err);
            let server = start(&restored, &log);
            sign_in_again(&server).await;
            let (status, bytes) = audio(&server, &first).await;
            assert!(status == 200 && bytes == song(2.0, 1), "{how}, killed {is_killed}: {status}");
            assert!(server.stop().success());
        }
    }
}
