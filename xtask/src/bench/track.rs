//! The files that are timed: four minutes of generated music as FLAC, one second of it, three hours of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::place::{Place, has_program};

/// Length of the track that the figures are about.
const SECONDS: &str = "240";
/// Three hours are 45 times four minutes.
const REPEATS: usize = 45;
/// Seed of the pieces that the track is made of; not one of those that accuracy is scored on.
const SEED: &str = "240";
/// Pieces last 60 to 120 s: five are enough.
const PIECES: &str = "5";

/// The files.
#[derive(Debug)]
pub struct Tracks {
    /// Four minutes, 44.1 kHz, 16 bits, stereo.
    pub four_minutes: PathBuf,
    /// Its first second.
    pub one_second: PathBuf,
    /// The four minutes, 45 times in a row.
    pub three_hours: PathBuf,
    /// What it is, in words.
    pub what: String,
}

impl Tracks {
    /// Makes what is not there from an earlier run.
    ///
    /// # Errors
    /// A sentence with a remedy.
    pub fn make(place: &Place, given: Option<&Path>) -> Result<Self, String> {
        if !has_program("ffmpeg") {
            return Err("ffmpeg is needed to make the track; --install gets it".to_owned());
        }
        let folder = place.work.join(if given.is_some() { "given" } else { "tracks" });
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let (source, what) = match given {
            Some(path) => (path.to_owned(), "a given file".to_owned()),
            None => four_minutes(place, &folder)?,
        };
        let tracks = Self {
            four_minutes: source,
            one_second: folder.join("one-second.flac"),
            three_hours: folder.join("three-hours.flac"),
            what,
        };
        if given.is_some() || !tracks.three_hours.exists() || !tracks.one_second.exists() {
            eprintln!("making one second and three hours of it");
            let mut cut = ffmpeg();
            cut.arg("-i").arg(&tracks.four_minutes).args(["-t", "1"]).arg(&tracks.one_second);
            finish(cut)?;
            let list = folder.join("three-hours.txt");
            fs::write(&list, line_for(&tracks.four_minutes).repeat(REPEATS))
                .map_err(|error| error.to_string())?;
            let half = folder.join("three-hours-making.flac");
            let mut repeat = ffmpeg();
            repeat.args(JOINED).arg(&list).args(["-compression_level", "0"]).arg(&half);
            finish(repeat)?;
            fs::rename(half, &tracks.three_hours).map_err(|error| error.to_string())?;
        }
        Ok(tracks)
    }
}

/// A line of ffmpeg's list of files to be joined.
fn line_for(path: &Path) -> String {
    format!("file '{}'\n", path.to_string_lossy().replace('\'', "'\\''"))
}

/// Pieces of the generator where it is there, otherwise of our own demo album; and which of them.
fn four_minutes(place: &Place, folder: &Path) -> Result<(PathBuf, String), String> {
    let composed = folder.join("four-minutes-composed.flac");
    let demo = folder.join("four-minutes-demo.flac");
    let words = |how: &str| format!("240 s of {how}, FLAC, 44.1 kHz, 16 bits, stereo");
    let able =
        place.corpus.is_some() && place.has_module("mido, soundfile, scipy") && has_program("fluidsynth");
    if composed.exists() || able {
        if !composed.exists() {
            eprintln!("composing the track");
            let mut make = Command::new(&place.python);
            make.arg(place.corpus()?.join("corpus.py")).env("BENCH_DIR", &place.work);
            make.args(["music", "--set", "speed-pieces", "--seed", SEED, "--count", PIECES]);
            finish(make)?;
            join(&place.work.join("speed-pieces"), "wav", 1, &composed)?;
        }
        return Ok((composed, words("composed pieces in a row, played by a sound font")));
    }
    if !demo.exists() {
        let album = folder.join("album");
        let mut make = Command::new(Place::program("fanfare"));
        make.arg("demo").arg(&album);
        finish(make)?;
        // The album may be shorter than four minutes: twenty times it is not.
        join(&album, "flac", 20, &demo)?;
    }
    Ok((demo, words("the demo album's songs in a row")))
}

/// Joins the files with that suffix, in order, so many times, and cuts at four minutes.
fn join(folder: &Path, suffix: &str, times: usize, to: &Path) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == suffix));
    files.sort();
    let list = to.with_extension("txt");
    let lines: String = files.iter().map(|path| line_for(path)).collect();
    fs::write(&list, lines.repeat(times)).map_err(|error| error.to_string())?;
    let half = to.with_extension("making.flac");
    let mut cut = ffmpeg();
    cut.args(JOINED).arg(&list).args(["-t", SECONDS, "-ar", "44100", "-ac", "2"]);
    cut.args(["-sample_fmt", "s16", "-map", "0:a"]).arg(&half);
    finish(cut)?;
    fs::rename(half, to).map_err(|error| error.to_string())
}

/// How ffmpeg reads a list of files to be joined.
const JOINED: [&str; 5] = ["-f", "concat", "-safe", "0", "-i"];

fn ffmpeg() -> Command {
    let mut convert = Command::new("ffmpeg");
    convert.args(["-v", "error", "-nostdin", "-y"]);
    convert
}

/// Runs it; what it printed becomes the complaint when it fails.
pub fn finish(mut command: Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.trim().lines().last().unwrap_or("no reason given");
    Err(format!("{name} failed: {last}"))
}
