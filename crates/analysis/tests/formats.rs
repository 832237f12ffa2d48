//! Over 200 files of every container, layout and rate: codec and lossless flags, length and loudness against what was
//! encoded, against `ffmpeg`, and against a second decoder where Debian has one. Prints a table (`--no-capture`). Issue 13.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test that prints its table")]

mod support;

use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::Command,
};

use fanfare_analysis::{AnalyzeOptions, Selection, analyze};
use fanfare_audio::{CancelFlag, Limits, OpenOptions, open, read_tags};
use fanfare_testkit::{signals, wav};

/// 3.07 s at 44.1 kHz; no multiple of any codec's packet at any rate.
const SECONDS: f64 = 3.071_3;
/// How far loudness may differ from `ffmpeg`'s, in LU. Its meter prints one decimal.
const TOLERANCE_LU: f64 = 0.1 + 0.05;

/// A way to write files: suffix, `ffmpeg`'s options, our name of the codec, whether every sample is kept, and where.
struct Format {
    suffix: &'static str,
    flags: &'static [&'static str],
    codec: &'static str,
    lossless: bool,
    rates_hz: &'static [u32],
    channels: &'static [usize],
}

const fn format(
    suffix: &'static str,
    flags: &'static [&'static str],
    codec: &'static str,
    lossless: bool,
    rates_hz: &'static [u32],
    channels: &'static [usize],
) -> Format {
    Format { suffix, flags, codec, lossless, rates_hz, channels }
}

const COMMON: &[u32] = &[44_100, 48_000];
const WIDE: &[u32] = &[8_000, 44_100, 96_000];
const FEW: &[usize] = &[1, 2];
const MANY: &[usize] = &[1, 2, 6];

const FORMATS: &[Format] = &[
    format("wav", &["-c:a", "pcm_s16le"], "pcm_s16le", true, WIDE, &[1, 2, 4, 6, 8]),
    format("24.wav", &["-c:a", "pcm_s24le"], "pcm_s24le", true, &[192_000], MANY),
    format("f32.wav", &["-c:a", "pcm_f32le"], "pcm_f32le", true, COMMON, FEW),
    format("mulaw.wav", &["-c:a", "pcm_mulaw"], "mulaw", false, &[8_000], FEW),
    format("alaw.wav", &["-c:a", "pcm_alaw"], "alaw", false, &[8_000], FEW),
    format("ms.wav", &["-c:a", "adpcm_ms"], "adpcm_ms", false, COMMON, FEW),
    format("ima.wav", &["-c:a", "adpcm_ima_wav"], "adpcm_ima_wav", false, COMMON, FEW),
    format("big.wav", &["-rf64", "always"], "pcm_s16le", true, COMMON, FEW),
    format("w64", &["-c:a", "pcm_s24le"], "pcm_s24le", true, &[44_100], FEW),
    format("au", &["-c:a", "pcm_s16be"], "pcm_s16be", true, COMMON, FEW),
    format("aiff", &["-c:a", "pcm_s24be"], "pcm_s24be", true, WIDE, FEW),
    format("caf", &["-c:a", "pcm_s16be"], "pcm_s16be", true, WIDE, FEW),
    format("mov", &["-c:a", "pcm_s24be"], "pcm_s24be", true, COMMON, FEW),
    format("flac", &[], "flac", true, &[8_000, 22_050, 44_100, 96_000], &[1, 2, 6, 8]),
    // This ffmpeg decodes nothing of eight channels at this rate.
    format("flac", &[], "flac", true, &[192_000], MANY),
    format("flac.ogg", &["-c:a", "flac"], "flac", true, COMMON, MANY),
    format("flac.mka", &["-c:a", "flac"], "flac", true, COMMON, MANY),
    format("flac.mp4", &["-c:a", "flac", "-strict", "-2"], "flac", true, COMMON, FEW),
    format("alac.m4a", &["-c:a", "alac"], "alac", true, WIDE, MANY),
    format("alac.caf", &["-c:a", "alac"], "alac", true, COMMON, FEW),
    format("wv", &["-c:a", "wavpack"], "wavpack", true, &[8_000, 44_100, 50_000, 96_000], MANY),
    format("tta", &["-c:a", "tta"], "tta", true, COMMON, MANY),
    format(
        "mp3",
        &["-c:a", "libmp3lame", "-b:a", "128k"],
        "mp3",
        false,
        &[16_000, 22_050, 32_000, 44_100, 48_000],
        FEW,
    ),
    format("mp2", &["-c:a", "mp2", "-b:a", "160k"], "mp2", false, &[32_000, 44_100, 48_000], FEW),
    format("m4a", &["-c:a", "aac"], "aac", false, &[22_050, 32_000, 44_100, 48_000, 96_000], MANY),
    format("aac", &["-c:a", "aac"], "aac", false, COMMON, FEW),
    format("aac.mka", &["-c:a", "aac"], "aac", false, COMMON, FEW),
    format(
        "ogg",
        &["-c:a", "libvorbis", "-q:a", "5"],
        "vorbis",
        false,
        &[22_050, 44_100, 48_000],
        &[1, 2, 3, 4, 5, 6, 8],
    ),
    format("vorbis.mka", &["-c:a", "libvorbis", "-q:a", "5"], "vorbis", false, COMMON, MANY),
    format("opus", &["-c:a", "libopus"], "opus", false, &[48_000], &[1, 2, 6, 8]),
    format("webm", &["-c:a", "libopus"], "opus", false, &[48_000], MANY),
    format("opus.mp4", &["-c:a", "libopus"], "opus", false, &[48_000], FEW),
    format("ac3.mp4", &["-c:a", "ac3"], "ac3", false, &[32_000, 44_100, 48_000], MANY),
    format("eac3.mka", &["-c:a", "eac3"], "eac3", false, COMMON, MANY),
    format("wma", &["-c:a", "wmav2"], "wmav2", false, COMMON, FEW),
    // Not by `ffmpeg`: see `encode`.
    format("mpc", &[], "musepack", false, &[32_000, 44_100, 48_000], FEW),
];

/// Suffixes, channels, program, arguments.
type Second = (&'static [&'static str], RangeInclusive<usize>, &'static str, &'static [&'static str]);

/// Decoders by other authors. They write a WAVE file. With six channels or more
/// `oggdec` keeps Vorbis's channel order, so that the wrong channel counts as the low-frequency one; `faad` makes stereo of
/// mono. There is none for TTA, AC-3, WMA and ALAC (libsndfile does not
/// open `ffmpeg`'s), and none that opens Matroska.
const SECOND: &[Second] = &[
    (&["ogg"], 1..=5, "oggdec", &["-Q", "-o", "OUT", "IN"]),
    (&["opus"], 1..=8, "opusdec", &["--quiet", "--float", "--force-wav", "IN", "OUT"]),
    (&["wv"], 1..=8, "wvunpack", &["-q", "-y", "IN", "-o", "OUT"]),
    (&["flac"], 1..=8, "flac", &["-s", "-f", "-d", "-o", "OUT", "IN"]),
    (&["flac.ogg"], 1..=8, "flac", &["-s", "-f", "-d", "--ogg", "-o", "OUT", "IN"]),
    (&["mp3", "mp2"], 1..=2, "mpg123", &["-q", "-e", "s16", "-w", "OUT", "IN"]),
    (&["m4a", "aac"], 2..=6, "faad", &["-q", "-o", "OUT", "IN"]),
    (&["mpc"], 1..=2, "mpcdec", &["IN", "OUT"]),
    (
        &[
            "wav",
            "24.wav",
            "f32.wav",
            "mulaw.wav",
            "alaw.wav",
            "ms.wav",
            "ima.wav",
            "big.wav",
            "w64",
            "au",
            "aiff",
            "caf",
        ],
        1..=8,
        "sndfile-convert",
        &["-pcm24", "IN", "OUT"],
    ),
];

/// Noise and a tone per channel, each at another level.
fn source(folder: &Path, rate_hz: u32, channels: usize) -> PathBuf {
    let path = folder.join(format!("source-{rate_hz}-{channels}.wav"));
    if path.exists() {
        return path;
    }
    let frames = (f64::from(rate_hz) * SECONDS) as usize;
    let planes: Vec<Vec<f32>> = (0..channels)
        .map(|channel| {
            let gain = 0.05 + 0.02 * channel as f32;
            let noise = signals::noise(channel as u64 + 1, frames, gain);
            let tone = signals::sine(rate_hz, SECONDS + 1.0, 300.0 + 70.0 * channel as f64, 0.15);
            noise.iter().zip(&tone).map(|(noise, tone)| noise + tone).collect()
        })
        .collect();
    std::fs::write(&path, wav::wav(rate_hz, &planes, wav::WavFormat::I16)).unwrap();
    path
}

fn ffmpeg(arguments: &[&str]) -> String {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-y", "-hide_banner"])
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("this test needs ffmpeg (`make test` installs it): {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "ffmpeg {arguments:?}: {said}");
    said
}

/// Integrated loudness by `ffmpeg`'s own meter over its own decode. With more than six channels or low rates only the
/// decode is `ffmpeg`'s: its meter gives the rear channels of 7.1 the weight of the side ones, where BS.1770-5, annex 3,
/// gives 1, it resamples everything to 48 kHz, and it refuses the unknown layout of mono in TTA.
fn loudness_by_ffmpeg(path: &Path, rate_hz: u32, channels: usize) -> f64 {
    if channels > 6 || rate_hz < 16_000 || path.extension().is_some_and(|suffix| suffix == "tta") {
        let target = path.with_extension("peer.wav");
        ffmpeg(&[
            "-i",
            path.to_str().unwrap(),
            "-map",
            "0:a:0",
            "-c:a",
            "pcm_f32le",
            target.to_str().unwrap(),
        ]);
        return measured(&target).1;
    }
    let said = ffmpeg(&["-i", path.to_str().unwrap(), "-map", "0:a:0", "-af", "ebur128", "-f", "null", "-"]);
    let line = said.rsplit("I:").next().and_then(|rest| rest.split_whitespace().next());
    line.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no loudness in {said}"))
}

/// Frames and integrated loudness as we read them.
fn measured(path: &Path) -> (u64, f64) {
    let mut source =
        open(path, &OpenOptions::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let options =
        AnalyzeOptions { selection: Selection::only(&["loudness"]).unwrap(), ..AnalyzeOptions::default() };
    let analysis = analyze(&mut *source, Vec::new(), &options, &CancelFlag::default(), &mut |_| {}).unwrap();
    assert!(analysis.warnings.is_empty(), "{}: {:?}", path.display(), analysis.warnings);
    let lufs = analysis.features().loudness.and_then(|loudness| loudness.integrated_lufs);
    (analysis.frames, lufs.unwrap_or_else(|| panic!("{} has no loudness", path.display())).0)
}

/// Runs one of the programs that read a file and write another.
fn convert(program: &str, arguments: &[&str], from: &Path, to: &Path) {
    let filled = arguments.iter().map(|argument| match *argument {
        "IN" => from.as_os_str(),
        "OUT" => to.as_os_str(),
        other => other.as_ref(),
    });
    let output = Command::new(program).args(filled).output();
    let output =
        output.unwrap_or_else(|error| panic!("this test needs {program} (`make test` installs it): {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} with {}: {said}", from.display());
}

/// Makes a file of that format.
fn encode(format: &Format, source: &Path, path: &Path) {
    if format.suffix == "mpc" {
        return convert("mpcenc", &["--silent", "--overwrite", "IN", "OUT"], source, path);
    }
    let mut arguments = vec!["-v", "error", "-i", source.to_str().unwrap(), "-map_metadata", "-1"];
    arguments.extend(format.flags);
    arguments.push(path.to_str().unwrap());
    ffmpeg(&arguments);
}

/// Loudness of what another program decodes; `None` where there is no such program for the suffix.
fn second_opinion(path: &Path, suffix: &str, channels: usize) -> Option<f64> {
    let (.., program, arguments) =
        SECOND.iter().find(|(of, able, ..)| of.contains(&suffix) && able.contains(&channels))?;
    let target = path.with_extension("second.wav");
    convert(program, arguments, path, &target);
    Some(measured(&target).1)
}

#[test]
fn two_hundred_files_have_the_right_codec_length_and_loudness() {
    let folder = tempfile::tempdir().unwrap();
    let (mut files, mut seconds, mut wrong) = (0, 0, Vec::new());
    println!("{:<28} {:<10} {:>8} {:>9} {:>9} {:>9}", "file", "codec", "frames", "LUFS", "ffmpeg", "second");
    for (number, format) in FORMATS.iter().enumerate() {
        for (rate_hz, channels) in format
            .rates_hz
            .iter()
            .flat_map(|rate_hz| format.channels.iter().map(move |channels| (*rate_hz, *channels)))
        {
            let source = source(folder.path(), rate_hz, channels);
            let path = folder.path().join(format!("{number}-{rate_hz}-{channels}.{}", format.suffix));
            encode(format, &source, &path);
            let encoded = (f64::from(rate_hz) * SECONDS) as u64;
            let (frames, lufs) = measured(&path);
            let (peer, second) = (
                loudness_by_ffmpeg(&path, rate_hz, channels),
                second_opinion(&path, format.suffix, channels),
            );
            let audio = read_tags(&path, &Limits::default()).unwrap().audio.unwrap();
            let name = format!("{} {rate_hz} x{channels}", format.suffix);
            let second_text = second.map_or_else(|| "-".to_owned(), |lufs| format!("{lufs:.2}"));
            println!("{name:<28} {:<10} {frames:>8} {lufs:>9.2} {peer:>9.1} {second_text:>9}", audio.codec);
            // This writer of Wave64 counts the padding to eight bytes as samples.
            let padding = if format.suffix == "w64" { 4 } else { 0 };
            let checks = [
                ("codec", audio.codec == format.codec),
                ("lossless", audio.is_lossless() == format.lossless),
                ("rate", audio.sample_rate_hz == rate_hz),
                ("channels", usize::from(audio.channels) == channels),
                ("length", !format.lossless || (encoded..=encoded + padding).contains(&frames)),
                ("loudness", (lufs - peer).abs() <= TOLERANCE_LU),
                ("second decoder", second.is_none_or(|second| (lufs - second).abs() <= TOLERANCE_LU)),
            ];
            for (what, _) in checks.iter().filter(|(_, right)| !right) {
                wrong.push(format!("{name}: {what}"));
            }
            files += 1;
            seconds += usize::from(second.is_some());
            std::fs::remove_file(&path).unwrap();
        }
    }
    println!("{files} files, {seconds} of them with a second decoder, {} wrong", wrong.len());
    assert!(files >= 200 && seconds >= 140, "{files} files, {seconds} with a second decoder");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
