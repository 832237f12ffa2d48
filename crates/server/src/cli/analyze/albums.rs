//! `--album`: the loudness of each folder as one programme, told after its last file.
//!
//! Vocabulary: an *album* here is the input files that lie in one folder, whatever their tags say.
//!
//! Invariants: nothing is heard again; an album's answer depends on its files alone, not on the order of hearing; of a track
//! nothing is kept but its gating blocks and peaks, and those only until its album is told.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use fanfare_analysis::loudness::Album;
use fanfare_model::features::Loudness;
use serde::Serialize;

use super::{
    files::Found,
    rounding::{LEVEL_DECIMALS, LINEAR_DECIMALS, rounded},
};

/// What is said of one folder. The order of fields is the order in JSON.
#[derive(Debug, Serialize)]
pub struct AlbumReport {
    pub path: String,
    status: &'static str,
    /// How many of its files were heard.
    pub tracks: usize,
    pub loudness: AlbumLoudness,
    pub warnings: Vec<String>,
}

/// The loudness of a folder.
#[derive(Debug, Serialize)]
pub struct AlbumLoudness {
    pub integrated_lufs: Option<f64>,
    pub true_peak_dbtp: Option<f64>,
    pub replaygain_album_gain_db: Option<f64>,
    replaygain_album_peak: Option<f64>,
}

/// The folders of a run.
#[derive(Debug, Default)]
pub struct Albums(Vec<Folder>);

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Files that were not told yet.
    left: usize,
    failed: usize,
    tracks: Vec<Loudness>,
}

impl Albums {
    /// Counts the files of each folder and tells every file which is its own. What is known to be no file counts for none.
    pub fn of(found: &mut [Found]) -> Self {
        let mut numbers: HashMap<PathBuf, usize> = HashMap::new();
        let mut folders: Vec<Folder> = Vec::new();
        for item in found.iter_mut().filter(|item| item.problem.is_none()) {
            let path = folder_of(&item.path);
            let number = *numbers.entry(path.clone()).or_insert_with(|| {
                folders.push(Folder { path, left: 0, failed: 0, tracks: Vec::new() });
                folders.len() - 1
            });
            folders[number].left += 1;
            item.album = Some(number);
        }
        Self(folders)
    }

    /// Takes in a file of that folder, `None` when it could not be heard; gives the folder's answer after its last file, unless
    /// none was heard.
    pub fn take(&mut self, number: usize, track: Option<Loudness>) -> Option<AlbumReport> {
        let folder = self.0.get_mut(number)?;
        folder.left = folder.left.saturating_sub(1);
        match track {
            // The curves are for pictures.
            Some(track) => folder.tracks.push(Loudness { series: None, ..track }),
            None => folder.failed += 1,
        }
        if folder.left > 0 {
            return None;
        }
        let tracks = std::mem::take(&mut folder.tracks);
        (!tracks.is_empty()).then(|| report(folder, &tracks))
    }
}

fn report(folder: &Folder, tracks: &[Loudness]) -> AlbumReport {
    let album = Album::of(&tracks.iter().collect::<Vec<_>>());
    let mut warnings = Vec::new();
    if album.integrated_lufs.is_none() {
        warnings.push("no loudness: nothing in it is above -70 LUFS".to_owned());
    }
    match folder.failed {
        0 => {}
        1 => warnings.push("1 file could not be heard and is left out".to_owned()),
        more => warnings.push(format!("{more} files could not be heard and are left out")),
    }
    let level = |value: Option<f64>| value.map(|value| rounded(value, LEVEL_DECIMALS));
    AlbumReport {
        path: folder.path.to_string_lossy().into_owned(),
        status: "album",
        tracks: tracks.len(),
        loudness: AlbumLoudness {
            integrated_lufs: level(album.integrated_lufs.map(|lufs| lufs.0)),
            true_peak_dbtp: level(album.true_peak_dbtp.map(|peak| peak.0)),
            replaygain_album_gain_db: level(album.replaygain_album_gain_db),
            replaygain_album_peak: album.replaygain_album_peak.map(|peak| rounded(peak, LINEAR_DECIMALS)),
        },
        warnings,
    }
}

/// The folder that a file lies in, as it was named; `.` for a bare name.
fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use fanfare_model::{DbTp, Lufs, features::GatingBlocks};

    use super::*;

    /// A track of steady loudness: so many blocks of the mean square that BS.1770-5 gives -20 LUFS.
    fn track(blocks: u32, true_peak_dbtp: f64) -> Loudness {
        let mean_square = 10f64.powf((-20.0 + 0.691) / 10.0);
        Loudness {
            integrated_lufs: Some(Lufs(-20.0)),
            true_peak_dbtp: Some(DbTp(true_peak_dbtp)),
            blocks: Some(GatingBlocks(vec![(500, blocks, f64::from(blocks) * mean_square)])),
            ..Loudness::default()
        }
    }

    #[test]
    fn a_folder_is_told_after_its_last_file() {
        let paths = ["a/1.flac", "b/1.flac", "a/2.flac", "bare.flac", "b/2.flac"];
        let mut found: Vec<_> = paths.iter().map(|path| Found::good(PathBuf::from(path))).collect();
        let mut albums = Albums::of(&mut found);
        let told: Vec<_> = found
            .iter()
            .map(|item| {
                let heard = (item.path != Path::new("b/2.flac")).then(|| track(100, -3.0));
                albums
                    .take(item.album.unwrap(), heard)
                    .map(|report| (report.path, report.tracks, report.warnings.len()))
            })
            .collect();
        let expected = [
            None,
            None,
            Some(("a".to_owned(), 2, 0)),
            Some((".".to_owned(), 1, 0)),
            Some(("b".to_owned(), 1, 1)),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn silence_has_no_loudness_and_says_so() {
        let mut found = vec![Found::good(PathBuf::from("a/1.flac"))];
        let report = Albums::of(&mut found).take(0, Some(Loudness::default())).unwrap();
        assert_eq!((report.loudness.integrated_lufs, report.warnings.len()), (None, 1));
        let mut found = vec![Found::good(PathBuf::from("a/1.flac"))];
        assert!(Albums::of(&mut found).take(0, None).is_none(), "nothing was heard in it");
    }
}
