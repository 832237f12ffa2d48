//! The file that takes the place of the old one: its owner and mode, and what a kill in the middle leaves.

use super::*;

#[test]
fn owner_mode_and_attributes_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = made(folder.path(), "a.flac", &[]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let attributed =
        rustix::fs::setxattr(&path, "user.mood", b"blue", rustix::fs::XattrFlags::empty()).is_ok();
    let before = fs::metadata(&path).unwrap();
    write(&path, &BOTH).unwrap();
    let after = fs::metadata(&path).unwrap();
    assert_eq!((after.mode(), after.uid(), after.gid()), (before.mode(), before.uid(), before.gid()));
    assert_ne!(after.ino(), before.ino(), "another file");
    if attributed {
        let mut value = [0; 16];
        let length = rustix::fs::getxattr(&path, "user.mood", &mut value[..]).unwrap();
        assert_eq!(&value[..length], b"blue");
    }
}

/// Names the file to the process that [`a_kill_leaves_one_file_or_the_other`] starts.
const VICTIM: &str = "FANFARE_TEST_REWRITES";

#[test]
#[ignore = "it goes on until it is killed: `a_kill_leaves_one_file_or_the_other` starts it"]
fn rewrites_until_killed() {
    use std::io::Write as _;
    let path = PathBuf::from(std::env::var_os(VICTIM).unwrap());
    for values in [&BOTH, &TRACK].into_iter().cycle() {
        // Whatever a kill left behind must not stand in the way.
        write(&path, values).unwrap();
        println!("written");
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn a_kill_leaves_one_file_or_the_other() {
    use std::io::BufRead as _;
    let folder = tempfile::tempdir().unwrap();
    let path = made(folder.path(), "a.flac", &[]);
    let mut whole = vec![hash(&path)];
    for values in [&TRACK, &BOTH, &TRACK] {
        write(&path, values).unwrap();
        whole.push(hash(&path));
    }
    let mut chance = fanfare_testkit::Seeded::new(50);
    for round in 0..25 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "interrupted::rewrites_until_killed", "--nocapture"])
            .env(VICTIM, &path)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let wanted = 1 + chance.below(6);
        let seen = lines.map(Result::unwrap).filter(|line| line.contains("written")).take(wanted).count();
        assert_eq!(seen, wanted, "round {round}: it ended by itself");
        // Into the next write, somewhere.
        (0..chance.below(2_000_000)).for_each(|n| {
            std::hint::black_box(n);
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(whole.contains(&hash(&path)), "round {round}: neither the old file nor the new");
    }
    write(&path, &TRACK).unwrap();
    write(&path, &BOTH).unwrap();
    assert!(
        !fs::read_dir(folder.path()).unwrap().any(|entry| entry
            .unwrap()
            .path()
            .extension()
            .is_some_and(|e| e == "tmp"))
    );
}
