//! The programs that `bench encode` times.

use crate::bench::rows::{Need, Row};

const fn row(id: &'static str, tool: &'static str, need: Need, words: &'static [&'static str]) -> Row {
    Row { id, tool, need, words, codes: &[0] }
}

/// What is timed. The renditions are those of the system that the checklist describes (D4).
pub const ROWS: &[Row] = &[
    row(
        "ingest",
        "Fanfare: ladder and everything, one decode",
        Need::Ours,
        &["{release}/measure", "ingest", "{file}"],
    ),
    row(
        "ingest-wav",
        "Fanfare: the same from WAV (FLAC variant encoded)",
        Need::Ours,
        &["{release}/measure", "ingest", "{wav}"],
    ),
    row(
        "ready",
        "Fanfare: upload to ready (server, ladder, MP3, everything)",
        Need::Ours,
        &["{release}/measure", "ready", "{file}"],
    ),
    row(
        "encoders",
        "Fanfare: each encoder alone, one after the other",
        Need::Ours,
        &["{release}/measure", "encoders", "{file}"],
    ),
    row("ladder", "Fanfare: ladder alone", Need::Ours, &["{release}/measure", "ladder", "{file}"]),
    row("analyze", "Fanfare: everything alone", Need::Ours, &["{release}/measure", "analyze", "{file}"]),
    row(
        "renditions",
        "ffmpeg: three AAC renditions as HLS",
        Need::Program("ffmpeg"),
        &[
            "ffmpeg",
            "-v",
            "error",
            "-nostdin",
            "-y",
            "-i",
            "{file}",
            "-map",
            "0:a",
            "-map",
            "0:a",
            "-map",
            "0:a",
            "-c:a",
            "aac",
            "-b:a:0",
            "256k",
            "-b:a:1",
            "512k",
            "-b:a:2",
            "1024k",
            "-f",
            "hls",
            "-hls_time",
            "6",
            "-hls_playlist_type",
            "vod",
            "-var_stream_map",
            "a:0 a:1 a:2",
            "{renditions}",
        ],
    ),
    row(
        "mp3",
        "ffmpeg: MP3 at 192 kbit/s",
        Need::Program("ffmpeg"),
        &[
            "ffmpeg",
            "-v",
            "error",
            "-nostdin",
            "-y",
            "-i",
            "{file}",
            "-map",
            "0:a",
            "-c:a",
            "libmp3lame",
            "-b:a",
            "192k",
            "{mp3}",
        ],
    ),
    row(
        "librosa",
        "librosa, phase 1",
        Need::Module("librosa, pyloudnorm"),
        &["{python}", "{scripts}/librosa_phase1.py", "{file}"],
    ),
    row(
        "essentia",
        "Essentia, classic phase 2",
        Need::Module("essentia"),
        &["{python}", "{scripts}/essentia_phase2.py", "{file}"],
    ),
];

/// The peers whose times are added up; with the MP3 where ours makes one.
pub const COMPOSED: [&str; 3] = ["renditions", "librosa", "essentia"];
