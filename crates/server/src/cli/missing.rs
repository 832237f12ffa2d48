//! What is missing of a library folder, in lines for a terminal.

use fanfare_model::{FolderMissing, Timestamp, library::Folder, words};

use crate::http::clock;

/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What to do about missing tracks.
pub const REMEDY: &str = "connect the storage or put the files back, then scan again; if they are permanently gone, `fanfare scan --remove-missing` removes their tracks now";

/// What is missing of that folder; empty if nothing is missing. `keep_days`: for how many days missing tracks are kept, 0
/// without limit.
pub fn lines(folder: &Folder, missing: &FolderMissing, keep_days: u32) -> Vec<String> {
    let mut lines: Vec<String> = missing
        .away
        .iter()
        .map(|away| {
            let path = folder.path.join(&away.path);
            format!("{} is away since {}: {}", path.display(), day(away.since), away.reason.sentence())
        })
        .collect();
    if let Some(since) = missing.since {
        let path = folder.path.display();
        let removed = match keep_days {
            0 => "kept until you remove them".to_owned(),
            days => format!("removed from {} on", day(since.plus_ms(i64::from(days) * DAY_MS))),
        };
        let tracks = words::count(missing.tracks, "track");
        lines.push(format!("{path}: {tracks} missing, the first since {}, {removed}", day(since)));
    }
    if !lines.is_empty() {
        lines.push(format!("-> {REMEDY}"));
    }
    lines
}

/// The day of a time, in UTC.
fn day(at: Timestamp) -> String {
    clock::rfc3339(at).chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use fanfare_model::{AwayFolder, AwayReason, FolderId};

    use super::*;

    #[test]
    fn it_is_said_what_is_missing_since_when_and_until_when() {
        let folder = Folder {
            id: FolderId::from_bytes([1; 16]),
            path: "/music".into(),
            added: Timestamp(0),
            scanned: None,
        };
        let away = AwayFolder {
            path: "nas".to_owned(),
            since: Timestamp(DAY_MS),
            reason: AwayReason::OtherFileSystem,
            tracks: 2,
        };
        let missing = FolderMissing { tracks: 3, since: Some(Timestamp(DAY_MS)), away: vec![away] };
        let said = |keep_days| lines(&folder, &missing, keep_days);
        assert_eq!(
            said(30)[..2],
            [
                "/music/nas is away since 1970-01-02: another file system is there than at the last scan"
                    .to_owned(),
                "/music: 3 tracks missing, the first since 1970-01-02, removed from 1970-02-01 on".to_owned(),
            ]
        );
        assert!(said(0)[1].ends_with("kept until you remove them"), "{:?}", said(0));
        assert!(said(30)[2].contains("--remove-missing"));
        assert_eq!(lines(&folder, &FolderMissing::default(), 30), Vec::<String>::new());
    }
}
