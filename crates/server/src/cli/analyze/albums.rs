//! `--album`: the loudness of each folder as one programme, told after its last file.
//!
//! Vocabulary: an *album* here is the input files that lie in one folder, whatever their tags say.
//!
//! Invariants: nothing is analyzed again; an album's answer depends on its files alone, not on the order of analysis; of a track
//! nothing is kept but its gating blocks and levels, and those only until its album is told. What the files are together is
//! decided by the same rule as for a release of the library: [`fanfare_analysis::loudness::Release`].

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use fanfare_analysis::loudness::{Judged, Measured};
use fanfare_model::{AudioProperties, features::Loudness};
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
    /// How many of its files were analyzed.
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

/// What is kept of a file for its album.
#[derive(Debug)]
pub struct Analyzed {
    pub loudness: Loudness,
    pub audio: AudioProperties,
}

/// The folders of a run.
#[derive(Debug, Default)]
pub struct Albums(Vec<Folder>);

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Files that were not told yet.
    left: usize,
    /// The name of each file that was told, with what was measured of it.
    tracks: Vec<(String, Option<Analyzed>)>,
}

impl Albums {
    /// Counts the files of each folder and tells every file which is its own. What is known to be no file counts for none.
    pub fn of(found: &mut [Found]) -> Self {
        let mut numbers: HashMap<PathBuf, usize> = HashMap::new();
        let mut folders: Vec<Folder> = Vec::new();
        for item in found.iter_mut().filter(|item| item.problem.is_none()) {
            let path = folder_of(&item.path);
            let number = *numbers.entry(path.clone()).or_insert_with(|| {
                folders.push(Folder { path, left: 0, tracks: Vec::new() });
                folders.len() - 1
            });
            folders[number].left += 1;
            item.album = Some(number);
        }
        Self(folders)
    }

    /// Takes in a file of that folder, `None` when it could not be analyzed; gives the folder's answer after its last file, unless
    /// none was analyzed.
    pub fn take(&mut self, number: usize, file: &Path, analyzed: Option<Analyzed>) -> Option<AlbumReport> {
        let folder = self.0.get_mut(number)?;
        folder.left = folder.left.saturating_sub(1);
        let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        // The curves are for pictures.
        let analyzed = analyzed.map(|analyzed| Analyzed {
            loudness: Loudness { series: None, ..analyzed.loudness },
            ..analyzed
        });
        folder.tracks.push((name, analyzed));
        if folder.left > 0 {
            return None;
        }
        let tracks = std::mem::take(&mut folder.tracks);
        tracks.iter().any(|(_, analyzed)| analyzed.is_some()).then(|| report(folder, &tracks))
    }
}

fn report(folder: &Folder, tracks: &[(String, Option<Analyzed>)]) -> AlbumReport {
    let measured = tracks.iter().map(|(_, analyzed)| {
        analyzed
            .as_ref()
            .map(|analyzed| Measured { loudness: &analyzed.loudness, audio: Some(&analyzed.audio) })
    });
    let release = Judged::of(&measured.collect::<Vec<_>>()).release;
    let mut warnings: Vec<String> = release.no_gain.iter().map(ToString::to_string).collect();
    let left_out = release.left_out.iter().filter_map(|(at, why)| {
        let (name, analyzed) = tracks.get(*at)?;
        Some(match analyzed {
            Some(_) => format!("{name} is left out: {why}"),
            None => format!("{name} is left out: it could not be analyzed"),
        })
    });
    warnings.extend(left_out);
    let level = |value: Option<f64>| value.map(|value| rounded(value, LEVEL_DECIMALS));
    AlbumReport {
        path: folder.path.to_string_lossy().into_owned(),
        status: "album",
        tracks: tracks.iter().filter(|(_, analyzed)| analyzed.is_some()).count(),
        loudness: AlbumLoudness {
            integrated_lufs: level(release.integrated_lufs.map(|lufs| lufs.0)),
            true_peak_dbtp: level(release.true_peak_dbtp().map(|peak| peak.0)),
            replaygain_album_gain_db: level(release.gain_db),
            replaygain_album_peak: release.peak.map(|peak| rounded(peak, LINEAR_DECIMALS)),
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
    use fanfare_model::{DbTp, Dbfs, Lufs, features::GatingBlocks};

    use super::*;

    /// A track of steady loudness: blocks of the mean square that BS.1770-5 gives -20 LUFS.
    fn track() -> Analyzed {
        let mean_square = 10f64.powf((-20.0 + 0.691) / 10.0);
        let loudness = Loudness {
            integrated_lufs: Some(Lufs(-20.0)),
            momentary_max_lufs: Some(Lufs(-20.0)),
            true_peak_dbtp: Some(DbTp(0.0)),
            sample_peak_dbfs: Some(Dbfs(0.0)),
            replaygain_track_gain_db: Some(2.0),
            replaygain_track_peak: Some(1.0),
            blocks: Some(GatingBlocks(vec![(500, 100, 100.0 * mean_square)])),
            ..Loudness::default()
        };
        analyzed(loudness)
    }

    fn analyzed(loudness: Loudness) -> Analyzed {
        let audio = AudioProperties {
            codec: "flac".to_owned(),
            container: "flac".to_owned(),
            sample_rate_hz: 48_000,
            channels: 2,
            bit_depth: Some(16),
            frames: None,
            bitrate_bps: None,
        };
        Analyzed { loudness, audio }
    }

    #[test]
    fn a_folder_is_told_after_its_last_file() {
        let paths = ["a/1.flac", "b/1.flac", "a/2.flac", "bare.flac", "b/2.flac"];
        let mut found: Vec<_> = paths.iter().map(|path| Found::good(PathBuf::from(path))).collect();
        let mut albums = Albums::of(&mut found);
        let told: Vec<_> = found
            .iter()
            .map(|item| {
                let analyzed = (item.path != Path::new("b/2.flac")).then(track);
                albums
                    .take(item.album.unwrap(), &item.path, analyzed)
                    .map(|report| (report.path, report.tracks, report.warnings))
            })
            .collect();
        let left_out = "2.flac is left out: it could not be analyzed".to_owned();
        let expected = [
            None,
            None,
            Some(("a".to_owned(), 2, vec![])),
            Some((".".to_owned(), 1, vec![])),
            Some(("b".to_owned(), 1, vec![left_out])),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn silence_has_no_loudness_and_says_so() {
        let path = Path::new("a/1.flac");
        let mut found = vec![Found::good(path.to_path_buf())];
        let report = Albums::of(&mut found).take(0, path, Some(analyzed(Loudness::default()))).unwrap();
        assert_eq!((report.loudness.integrated_lufs, report.warnings.len()), (None, 1));
        let mut found = vec![Found::good(path.to_path_buf())];
        assert!(Albums::of(&mut found).take(0, path, None).is_none(), "nothing was analyzed in it");
    }
}
