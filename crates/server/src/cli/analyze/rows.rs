//! How reports are printed: JSON lines, comma-separated values, or a table.

use std::{borrow::Cow, collections::BTreeSet, fmt::Write as _};

use fanfare_model::features::{Key, Rhythm, TempoStability};
use fanfare_model::words;
use serde_json::Value;

use super::{
    albums::AlbumReport,
    report::{Analyzed, Report},
};
use crate::cli::output::{self, Stop, printable};

/// The chosen form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Csv,
    Table,
}

/// Prints report after report.
pub struct Rows {
    form: Form,
    analyzed: u64,
    damaged: u64,
    failed: u64,
}

/// Columns of `--csv`: the header, and where in the JSON object the value is found (RFC 6901). Lists are left out.
const CSV_COLUMNS: &[(&str, &str)] = &[
    ("path", "/path"),
    ("status", "/status"),
    ("error_kind", "/error/kind"),
    ("error_message", "/error/message"),
    ("duration_s", "/duration_s"),
    ("sample_rate_hz", "/sample_rate_hz"),
    ("channels", "/channels"),
    ("codec", "/codec"),
    ("bit_depth", "/bit_depth"),
    ("integrated_lufs", "/loudness/integrated_lufs"),
    ("range_lu", "/loudness/range_lu"),
    ("momentary_max_lufs", "/loudness/momentary_max_lufs"),
    ("short_term_max_lufs", "/loudness/short_term_max_lufs"),
    ("sample_peak_dbfs", "/loudness/sample_peak_dbfs"),
    ("true_peak_dbtp", "/loudness/true_peak_dbtp"),
    ("replaygain_track_gain_db", "/loudness/replaygain_track_gain_db"),
    ("replaygain_track_peak", "/loudness/replaygain_track_peak"),
    ("tempo_bpm", "/rhythm/tempo_bpm"),
    ("tempo_confidence", "/rhythm/tempo_confidence"),
    ("beats_per_bar", "/rhythm/beats_per_bar"),
    ("onset_rate_hz", "/rhythm/onset_rate_hz"),
    ("danceability", "/rhythm/danceability"),
    ("tonic", "/key/tonic"),
    ("mode", "/key/mode"),
    ("key_confidence", "/key/confidence"),
    ("camelot", "/key/camelot"),
    ("chromaprint", "/fingerprint/chromaprint"),
    ("speech_music_profile", "/speech_music/profile"),
    ("complexity_db", "/dynamics/complexity_db"),
    ("rms_dbfs", "/dynamics/rms_dbfs"),
    ("crest_db", "/dynamics/crest_db"),
    ("clipped_frames", "/dynamics/clipped_frames"),
    ("silence_head_s", "/dynamics/silence_head_s"),
    ("silence_tail_s", "/dynamics/silence_tail_s"),
    ("centroid_hz", "/timbre/centroid_hz"),
    ("rolloff_hz", "/timbre/rolloff_hz"),
    ("flatness", "/timbre/flatness"),
    ("zero_crossing_rate_hz", "/timbre/zero_crossing_rate_hz"),
    ("warnings", "/warnings"),
    // What came later stands last: docs/adr/0002.
    ("tempo_slowest_bpm", "/rhythm/tempo_range_bpm/0"),
    ("tempo_fastest_bpm", "/rhythm/tempo_range_bpm/1"),
    ("tempo_stability", "/rhythm/tempo_stability"),
    ("tuning_cents", "/key/tuning_cents"),
    ("tracks", "/tracks"),
    ("replaygain_album_gain_db", "/loudness/replaygain_album_gain_db"),
    ("replaygain_album_peak", "/loudness/replaygain_album_peak"),
];

/// Width of the table's first column, in characters.
const NAME_WIDTH: usize = 40;

impl Rows {
    /// Prints what comes before the first report.
    ///
    /// # Errors
    /// As [`output::write`].
    pub fn start(json: bool, csv: bool) -> Result<Self, Stop> {
        let form = match (json, csv) {
            (true, _) => Form::Json,
            (_, true) => Form::Csv,
            _ => Form::Table,
        };
        match form {
            Form::Json => {}
            Form::Csv => {
                let names: Vec<_> = CSV_COLUMNS.iter().map(|(name, _)| *name).collect();
                csv_line(&names.join(","))?;
            }
            Form::Table => output::line(format_args!(
                "{:NAME_WIDTH$} {:>8}  {:>6} {:>5} {:>6}  {:>7}  {:<15} FORMAT",
                "FILE", "TIME", "LUFS", "LRA", "DBTP", "BPM", "KEY"
            ))?,
        }
        Ok(Self { form, analyzed: 0, damaged: 0, failed: 0 })
    }

    /// Prints one report.
    ///
    /// # Errors
    /// As [`output::write`].
    pub fn row(&mut self, report: &Report) -> Result<(), Stop> {
        match report {
            Report::Failed(_) => self.failed += 1,
            Report::Analyzed(analyzed) => {
                self.analyzed += 1;
                self.damaged += u64::from(!analyzed.damage.is_empty());
            }
            Report::Album(_) => {}
        }
        match self.form {
            Form::Json => output::json_line(report),
            Form::Csv => csv_line(&csv_row(report)),
            Form::Table => output::line(table_row(report)),
        }
    }

    /// Prints what comes after the last report.
    ///
    /// # Errors
    /// As [`output::write`].
    pub fn end(&self) -> Result<(), Stop> {
        match self.form {
            Form::Table if self.analyzed + self.failed == 0 => output::line("no audio files found"),
            Form::Table if self.failed + self.damaged > 0 => {
                let damaged =
                    if self.damaged == 0 { String::new() } else { format!(" ({} damaged)", self.damaged) };
                output::line(format_args!("\n{} analyzed{damaged}, {} failed", self.analyzed, self.failed))
            }
            _ => Ok(()),
        }
    }
}

/// RFC 4180 ends lines with CR LF.
fn csv_line(line: &str) -> Result<(), Stop> {
    output::write(format!("{line}\r\n").as_bytes())
}

fn csv_row(report: &Report) -> String {
    let object = serde_json::to_value(report).unwrap_or_default();
    let cells: Vec<_> = CSV_COLUMNS
        .iter()
        .map(|(_, pointer)| match object.pointer(pointer) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => quoted(text).into_owned(),
            Some(Value::Array(items)) => {
                let texts: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                quoted(&texts.join("; ")).into_owned()
            }
            Some(other) => other.to_string(),
        })
        .collect();
    cells.join(",")
}

fn quoted(text: &str) -> Cow<'_, str> {
    if text.contains(['"', ',', '\r', '\n']) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}

fn table_row(report: &Report) -> String {
    match report {
        Report::Failed(failed) => {
            format!("{}  {}: {}", fitted(&failed.path), failed.error.kind, printable(&failed.error.message))
        }
        Report::Analyzed(analyzed) => table_cells(analyzed),
        Report::Album(album) => album_cells(album),
    }
}

fn level(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"))
}

fn album_cells(album: &AlbumReport) -> String {
    let loudness = &album.loudness;
    let tracks = words::count(album.tracks as u64, "track");
    let gain = loudness
        .replaygain_album_gain_db
        .map(|gain| format!(", ReplayGain {gain:+.1} dB"))
        .unwrap_or_default();
    format!(
        "{} {:>8}  {:>6} {:>5} {:>6}  {tracks}{gain}",
        fitted(&album.path),
        "album",
        level(loudness.integrated_lufs),
        "",
        level(loudness.true_peak_dbtp),
    )
}

fn table_cells(analyzed: &Analyzed) -> String {
    let loudness = analyzed.loudness.as_ref();
    let mut row = fitted(&analyzed.path);
    let _ = write!(
        row,
        " {:>8}  {:>6} {:>5} {:>6}  {:>7}  {:<15} {}",
        clock(analyzed.duration_s),
        level(loudness.and_then(|loudness| loudness.integrated_lufs).map(|level| level.0)),
        level(loudness.and_then(|loudness| loudness.range_lu).map(|level| level.0)),
        level(loudness.and_then(|loudness| loudness.true_peak_dbtp).map(|level| level.0)),
        analyzed.rhythm.as_ref().map_or_else(|| "-".to_owned(), tempo_cell),
        analyzed.key.as_ref().map_or_else(|| "-".to_owned(), key_cell),
        format_name(analyzed),
    );
    if let Some((first, more)) = analyzed.damage.split_first() {
        let more =
            if more.is_empty() { String::new() } else { format!(" (and {} more: --json)", more.len()) };
        let _ = write!(row, "  DAMAGED: {}{more}", printable(first));
    }
    row
}

/// The tempo, with a mark when it does not stand still.
fn tempo_cell(rhythm: &Rhythm) -> String {
    let moves = matches!(rhythm.tempo_stability, Some(TempoStability::Drifting | TempoStability::Rubato));
    let mark = if moves { "~" } else { "" };
    rhythm.tempo_bpm.map_or_else(|| "-".to_owned(), |tempo| format!("{mark}{:.1}", tempo.0))
}

/// The key, with how many other keys are visited.
fn key_cell(key: &Key) -> String {
    let others: BTreeSet<_> = key
        .segments
        .iter()
        .map(|segment| &segment.camelot)
        .filter(|camelot| **camelot != key.camelot)
        .collect();
    let more = if others.is_empty() { String::new() } else { format!(" +{}", others.len()) };
    let mode = if key.camelot.ends_with('A') { "minor" } else { "major" };
    format!("{} {mode} {}{more}", key.tonic, key.camelot)
}

fn format_name(analyzed: &Analyzed) -> String {
    let rate = f64::from(analyzed.sample_rate_hz) / 1000.0;
    let depth = analyzed.bit_depth.map(|bits| format!("/{bits}")).unwrap_or_default();
    let channels = match analyzed.channels {
        1 => " mono".to_owned(),
        2 => String::new(),
        more => format!(" {more} ch"),
    };
    format!("{} {rate}{depth}{channels}", printable(&analyzed.codec))
}

/// Minutes and seconds, with hours when there are any.
fn clock(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// The path's end, in exactly the first column's width.
fn fitted(path: &str) -> String {
    let text: Vec<char> = printable(path).chars().collect();
    if text.len() <= NAME_WIDTH {
        format!("{:NAME_WIDTH$}", text.iter().collect::<String>())
    } else {
        std::iter::once('…').chain(text[text.len() - NAME_WIDTH + 1..].iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use fanfare_model::{Error, ErrorKind};

    use super::*;

    #[test]
    fn commas_quotes_and_lines_survive_csv() {
        let error = Error::new(ErrorKind::NotAudio, "a \"quoted\", text");
        let row = csv_row(&Report::failed(Path::new("a,b\nc.mp3"), &error));
        assert!(row.starts_with("\"a,b\nc.mp3\",error,not-audio,\"a \"\"quoted\"\", text\",,"), "{row}");
        assert_eq!(row.matches(',').count(), CSV_COLUMNS.len() - 1 + 2);
    }

    #[test]
    fn names_and_times_fit_their_columns() {
        for (seconds, expected) in [(0.0, "0:00"), (59.6, "1:00"), (241.3, "4:01"), (10_800.0, "3:00:00")] {
            assert_eq!(clock(seconds), expected);
        }
        let long = format!("{}/end.flac", "x".repeat(100));
        assert_eq!(fitted(&long).chars().count(), NAME_WIDTH);
        assert!(fitted(&long).ends_with("/end.flac"));
        assert!(!fitted("a\u{1b}[2Jb").contains('\u{1b}'), "a name cannot steer the terminal");
    }
}
