//! The one ordered list of what can be heard: [`CODECS`].
//!
//! The table in the documentation and the suffixes that a scan looks at come from it. A suffix only decides
//! whether a file is looked at; what it is, its content decides ([`probe`](crate::probe())).

use std::path::Path;

use crate::names::is_system_name;

/// What decodes a codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoder {
    /// Decoded in this process.
    InProcess,
    /// Decoded by a boxed `ffmpeg` child; without `ffmpeg` such a file is `unsupported`.
    Ffmpeg,
}

/// One codec (or family) that can be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodecEntry {
    /// Its name for people.
    pub name: &'static str,
    /// Suffixes of files that usually hold it, lower case, without the dot.
    pub suffixes: &'static [&'static str],
    /// What decodes it.
    pub decoder: Decoder,
    /// Whether it keeps every bit.
    pub lossless: bool,
}

const fn entry(
    name: &'static str,
    suffixes: &'static [&'static str],
    decoder: Decoder,
    lossless: bool,
) -> CodecEntry {
    CodecEntry { name, suffixes, decoder, lossless }
}

use Decoder::{Ffmpeg, InProcess};

/// Everything that can be heard, the common ones first.
pub const CODECS: &[CodecEntry] = &[
    entry("FLAC", &["flac", "fla", "oga"], InProcess, true),
    entry("MP3 (and MPEG audio layers 1, 2)", &["mp3", "mp2", "mp1", "mpga"], InProcess, false),
    entry("AAC-LC", &["m4a", "aac", "mp4", "m4b", "m4r", "3gp", "mov"], InProcess, false),
    entry("ALAC", &["m4a", "caf", "mov"], InProcess, true),
    entry("Vorbis", &["ogg", "oga", "webm", "mka"], InProcess, false),
    entry("Opus", &["opus", "ogg", "webm", "mka", "mkv"], InProcess, false),
    entry("PCM in WAV", &["wav", "wave", "bwf"], InProcess, true),
    entry("PCM in AIFF", &["aif", "aiff", "aifc"], InProcess, true),
    entry("PCM in CAF", &["caf"], InProcess, true),
    entry("HE-AAC, multichannel AAC", &["m4a", "aac", "mp4"], Ffmpeg, false),
    entry("WavPack", &["wv"], Ffmpeg, true),
    entry("Monkey's Audio", &["ape"], Ffmpeg, true),
    entry("True Audio", &["tta"], Ffmpeg, true),
    entry("TAK", &["tak"], Ffmpeg, true),
    entry("Windows Media Audio", &["wma", "asf"], Ffmpeg, false),
    entry("Musepack", &["mpc", "mp+", "mpp"], Ffmpeg, false),
    entry("DSD", &["dsf", "dff"], Ffmpeg, true),
    entry("Speex", &["spx"], Ffmpeg, false),
    entry("AMR", &["amr", "awb", "3gp"], Ffmpeg, false),
    entry("PCM in AU, RF64, Wave64", &["au", "snd", "rf64", "w64"], Ffmpeg, true),
];

/// Whether a scan looks at the file: its suffix is one of [`CODECS`], and it is not a file that a
/// system put there ([`is_system_name`]).
#[must_use]
pub fn is_audio_suffix(path: &Path) -> bool {
    let left_out = path.file_name().is_none_or(is_system_name);
    let Some(suffix) = path.extension().and_then(|suffix| suffix.to_str()) else { return false };
    !left_out
        && CODECS.iter().any(|codec| codec.suffixes.iter().any(|known| suffix.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_decide_what_a_scan_looks_at() {
        for (name, expected) in [
            ("a.flac", true),
            ("a.FLAC", true),
            ("dir.mp3/a.txt", false),
            ("a.m3u8", false),
            ("a", false),
            (".mp3", false),
            ("._a.mp3", false),
            ("a.dsf", true),
        ] {
            assert_eq!(is_audio_suffix(Path::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn suffixes_are_lower_case_and_bare() {
        for suffix in CODECS.iter().flat_map(|codec| codec.suffixes) {
            assert_eq!(*suffix, suffix.to_ascii_lowercase());
            assert!(!suffix.contains('.'));
        }
    }
}
