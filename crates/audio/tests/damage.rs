//! Files of every container and codec that are cut or damaged in the middle (issue 13, E4).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::path::Path;

use fanfare_audio::{FfmpegUse, Limits, OpenOptions, header_length, open};
use fanfare_model::{ErrorKind, Result};
use support::{encode, music, write_wav};

const RATE_HZ: u32 = 44_100;
const SECONDS: u32 = 30;

/// Every pair of container and codec that is opened.
const PAIRS: &[(&str, &[&str])] = &[
    ("a.wav", &[]),
    ("float.wav", &["-c:a", "pcm_f32le"]),
    ("a.w64", &[]),
    ("a.aiff", &[]),
    ("a.caf", &[]),
    ("alac.caf", &["-c:a", "alac"]),
    ("a.flac", &[]),
    ("a.mp3", &["-c:a", "libmp3lame", "-b:a", "256k"]),
    ("a.aac", &["-c:a", "aac", "-b:a", "192k"]),
    ("a.m4a", &["-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart"]),
    ("alac.m4a", &["-c:a", "alac", "-movflags", "+faststart"]),
    ("flac.mp4", &["-c:a", "flac", "-strict", "-2", "-movflags", "+faststart"]),
    ("opus.mp4", &["-c:a", "libopus", "-b:a", "192k", "-movflags", "+faststart"]),
    (
        "fragments.mp4",
        &[
            "-c:a",
            "aac",
            "-b:a",
            "192k",
            "-movflags",
            "frag_keyframe+empty_moov",
            "-frag_duration",
            "1000000",
        ],
    ),
    ("a.ogg", &["-c:a", "libvorbis", "-q:a", "6"]),
    ("a.opus", &["-c:a", "libopus", "-b:a", "192k"]),
    ("flac.ogg", &["-c:a", "flac"]),
    ("flac.mka", &["-c:a", "flac"]),
    ("alac.mka", &["-c:a", "alac"]),
    ("opus.mka", &["-c:a", "libopus", "-b:a", "192k"]),
    ("opus.webm", &["-c:a", "libopus", "-b:a", "192k"]),
    ("vorbis.mka", &["-c:a", "libvorbis", "-q:a", "6"]),
    ("aac.mka", &["-c:a", "aac", "-b:a", "192k"]),
    ("mp3.mka", &["-c:a", "libmp3lame", "-b:a", "256k"]),
    ("pcm.mka", &["-c:a", "pcm_s16le"]),
    ("a.wv", &[]),
    ("a.tta", &[]),
    ("a.wma", &["-b:a", "192k"]),
];

/// What is done to a file: its name, and the doing.
type Damage = (&'static str, fn(&mut Vec<u8>));
const DAMAGES: &[Damage] = &[
    ("cut at 50 %", |bytes| bytes.truncate(bytes.len() / 2)),
    ("64 kB of zeros", |bytes| zeros(bytes, 64 << 10)),
    ("1 MB of zeros", |bytes| zeros(bytes, 1 << 20)),
    ("zeros to the end", |bytes| {
        let half = bytes.len() / 2;
        bytes[half..].fill(0);
    }),
    ("5 kB left out", |bytes| {
        let half = bytes.len() / 2;
        bytes.drain(half..half + 5_000);
    }),
    ("one bit", |bytes| {
        let half = bytes.len() / 2;
        bytes[half] ^= 0x10;
    }),
    ("flipped bytes", |bytes| {
        for at in (bytes.len() * 2 / 5..bytes.len() * 3 / 5).step_by(1_009) {
            bytes[at] ^= 0x5a;
        }
    }),
];

fn zeros(bytes: &mut [u8], len: usize) {
    let (half, len) = (bytes.len() / 2, len.min(bytes.len() / 4));
    bytes[half..half + len].fill(0);
}

#[derive(Debug, PartialEq)]
struct Outcome {
    codec: String,
    seconds: f64,
    /// How long the file says that it is.
    whole_s: Option<f64>,
    warnings: Vec<String>,
}

fn decode(path: &Path, options: &OpenOptions) -> Result<Outcome> {
    let mut source = open(path, options)?;
    let mut frames = 0;
    while let Some(chunk) = source.next_chunk()? {
        frames += chunk.frames() as u64;
    }
    let rate = source.spec().rate;
    Ok(Outcome {
        codec: source.facts().codec.clone(),
        seconds: rate.seconds(frames),
        whole_s: source.whole_frames().map(|frames| rate.seconds(frames)),
        warnings: source.warnings().to_vec(),
    })
}

/// Formats whose frames or pages have checksums, so that a single bit is found, and times, so that the length is kept.
const CHECKED: &[&str] = &["a.flac", "flac.mp4", "a.ogg", "a.opus", "flac.ogg", "flac.mka", "a.wv", "a.tta"];

/// Whether damage of those bytes shows at all: zeros and flipped bits of plain samples are samples, and those of a codec
/// without checksums may be.
fn must_show(name: &str, damage: &str) -> bool {
    damage.starts_with("cut")
        || (damage.contains("zeros") && (name.ends_with(".mka") || CHECKED.contains(&name)))
        || (damage == "one bit" && CHECKED.contains(&name))
        || (damage == "5 kB left out" && (name.ends_with(".mka") || CHECKED.contains(&name)))
}

/// Whether the file plays on behind such damage, in its whole length.
fn keeps_length(name: &str, damage: &str) -> bool {
    let is_resumed = name == "a.wv" || name == "a.tta";
    match damage {
        "64 kB of zeros" | "5 kB left out" if is_resumed => true,
        "64 kB of zeros" if name == "a.mp3" => true,
        "one bit" => CHECKED.contains(&name) || name.ends_with(".mka"),
        "5 kB left out" => name.ends_with(".mka") || name.ends_with("g") || name.ends_with(".opus"),
        "64 kB of zeros" => name.ends_with("g") || name.ends_with(".opus"),
        _ => false,
    }
}

/// Formats in which nothing says how long the whole is, once they are cut.
const WITHOUT_LENGTH: &[&str] = &["a.w64", "a.aac", "a.ogg", "a.opus", "flac.ogg", "fragments.mp4"];

#[test]
fn a_cut_or_damaged_file_says_so_and_goes_on_behind_the_damage() {
    let folder = tempfile::tempdir().unwrap();
    let frames = usize::try_from(RATE_HZ * SECONDS).unwrap();
    let source = write_wav(folder.path(), "source.wav", RATE_HZ, &music(RATE_HZ, frames, 2));
    let mut wrong = Vec::new();
    for (name, arguments) in PAIRS {
        let whole = std::fs::read(encode(&source, name, arguments)).unwrap();
        for (damage, harm) in DAMAGES {
            let mut bytes = whole.clone();
            harm(&mut bytes);
            let path = folder.path().join(format!("harmed-{name}"));
            std::fs::write(&path, &bytes).unwrap();
            wrong.extend(headers_disagree(name, &path).map(|problem| format!("{problem}: {name} {damage}")));
            for (how, ffmpeg) in [("alone", FfmpegUse::Off), ("ffmpeg", FfmpegUse::default())] {
                let outcome = decode(&path, &OpenOptions { ffmpeg, ..OpenOptions::default() });
                let (line, problem) = judge(name, damage, &outcome);
                let line = format!("{name:14} {damage:15} {how:7} {line}");
                println!("{line}");
                wrong.extend(problem.map(|problem| format!("{problem}: {line}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the length that the headers alone say: it is that of the whole, which the decoder knows too.
fn headers_disagree(name: &str, path: &Path) -> Option<String> {
    let seconds = f64::from(SECONDS);
    let headers = header_length(path, &Limits::default()).ok()?;
    let said = headers.whole_frames.map(|frames| headers.rate.seconds(frames));
    let source = open(path, &OpenOptions::default()).ok()?;
    let known = source.whole_frames().map(|frames| source.spec().rate.seconds(frames));
    // Frames of lossy codecs are never counted on: nothing is made of them.
    let is_lossy = name.ends_with(".mp3") || name.ends_with(".aac");
    let is_wrong = match (said, known) {
        (Some(said), _) if said > seconds + 1.0 => true,
        (said, Some(known)) if !is_lossy => said.is_none_or(|said| (said - known).abs() > 1.0),
        _ => false,
    };
    is_wrong.then(|| format!("the headers say {said:?} s, the decoder {known:?} s"))
}

/// What is printed of an outcome, and what is wrong with it.
fn judge(name: &str, damage: &str, outcome: &Result<Outcome>) -> (String, Option<&'static str>) {
    let found = match outcome {
        Ok(found) => found,
        Err(error) => {
            let known =
                matches!(error.kind(), ErrorKind::Malformed | ErrorKind::Unsupported | ErrorKind::NoDecoder);
            return (format!("{} {error}", error.kind()), (!known).then_some("another kind of error"));
        }
    };
    let Outcome { seconds, whole_s, warnings, .. } = found;
    let line = format!("{seconds:5.1} s of {whole_s:?} {warnings:?}");
    let is_short = *seconds < f64::from(SECONDS) - 1.0;
    let problem = if *seconds > f64::from(SECONDS) + 1.0 {
        Some("longer than the whole")
    } else if (is_short || must_show(name, damage)) && warnings.is_empty() {
        Some("no warning")
    } else if keeps_length(name, damage) && (*seconds - f64::from(SECONDS)).abs() > 0.1 {
        Some("not of its length")
    } else if damage == "one bit" && CHECKED.contains(&name) && !name_the_middle(warnings) {
        Some("the damage is said to be elsewhere")
    } else if is_short
        && !WITHOUT_LENGTH.contains(&name)
        && whole_s.is_none_or(|whole| (whole - f64::from(SECONDS)).abs() > 0.1)
    {
        Some("short, and the length of the whole is not known")
    } else if is_short
        && damage == "zeros to the end"
        && name.ends_with('g')
        && whole_s.is_none_or(|whole| (whole - f64::from(SECONDS)).abs() > 3.0)
    {
        Some("short, and it is not known about how long the whole is")
    } else if is_short && name.ends_with(".mka") && damage.ends_with("zeros") {
        Some("ended by damage in the middle")
    } else {
        None
    };
    (line, problem)
}

/// Whether a warning says where the damage is, which is in the middle, or the decoder is another program's.
fn name_the_middle(warnings: &[String]) -> bool {
    warnings.iter().any(|line| {
        let at_s =
            line.strip_prefix("damage at ").and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
        at_s.is_some_and(|at_s| (at_s - f64::from(SECONDS) / 2.0).abs() < 2.0)
            || line.starts_with("the decoder found damage")
    })
}

/// Issue 13: bytes behind the audio are no damage of it, and do not change what the file is.
#[test]
fn bytes_behind_the_audio_change_nothing() {
    let noise: Vec<u8> = (0..300_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 23) as u8).collect();
    let id3v1 = [b"TAG".as_slice(), &[b'x'; 125]].concat();
    let mut ape = b"APETAGEX".to_vec();
    ape.extend([0xd0, 0x07, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let behind: [(&str, &[u8]); 5] = [
        ("1 kB", &noise[..1_024]),
        ("300 kB", &noise),
        ("zeros", &[0; 5_000]),
        ("ID3v1", &id3v1),
        ("APE", &ape),
    ];
    let folder = tempfile::tempdir().unwrap();
    let frames = usize::try_from(RATE_HZ * 3).unwrap();
    let source = write_wav(folder.path(), "source.wav", RATE_HZ, &music(RATE_HZ, frames, 2));
    let pairs = PAIRS.iter().copied().chain([("a.au", [].as_slice()), ("a.mp2", &[])]);
    let mut wrong = Vec::new();
    for (name, arguments) in pairs {
        let path = encode(&source, name, arguments);
        let whole = std::fs::read(&path).unwrap();
        for (how, ffmpeg) in [("alone", FfmpegUse::Off), ("ffmpeg", FfmpegUse::default())] {
            let options = OpenOptions { ffmpeg, ..OpenOptions::default() };
            std::fs::write(&path, &whole).unwrap();
            let Ok(clean) = decode(&path, &options) else { continue };
            for (what, bytes) in behind {
                std::fs::write(&path, [&whole, bytes].concat()).unwrap();
                let line = match decode(&path, &options) {
                    // Nothing tells them from sound.
                    Ok(found) if (name, what) == ("a.au", "300 kB") && !found.warnings.is_empty() => {
                        assert_eq!(found.seconds, clean.seconds, "{name} with {what}");
                        continue;
                    }
                    Ok(found) if found == clean => continue,
                    Ok(Outcome { seconds, warnings, codec, .. }) => format!("{codec} {seconds} {warnings:?}"),
                    Err(error) => error.to_string(),
                };
                wrong.push(format!(
                    "{name} with {what}, {how}: {line}, not {} {}",
                    clean.codec, clean.seconds
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
