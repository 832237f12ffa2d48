//! Media types: fixed by container and codec, never guessed from a name or from bytes.

use fanfare_model::AudioProperties;

/// Container name and its media type. Registered types where the IANA registry has one, else the name browsers know.
const CONTAINERS: &[(&str, &str)] = &[
    ("wav", "audio/wav"),
    ("rf64", "audio/wav"),
    ("w64", "audio/x-w64"),
    ("au", "audio/basic"),
    ("tak", "audio/x-tak"),
    ("aiff", "audio/aiff"),
    ("caf", "audio/x-caf"),
    ("flac", "audio/flac"),
    ("mp3", "audio/mpeg"),
    ("adts", "audio/aac"),
    ("mp4", "audio/mp4"),
    ("ogg", "audio/ogg"),
    ("matroska", "audio/x-matroska"),
    ("ape", "audio/x-ape"),
    ("wavpack", "audio/x-wavpack"),
    ("asf", "audio/x-ms-wma"),
    ("dsf", "audio/x-dsf"),
    ("dff", "audio/x-dff"),
    ("amr", "audio/amr"),
    ("tta", "audio/x-tta"),
    ("musepack", "audio/x-musepack"),
];

/// What a file of unknown kind is sent as: nothing a browser would render or run.
pub const UNKNOWN: &str = "application/octet-stream";

/// The media type of a track's file; [`UNKNOWN`] when its container was never read.
#[must_use]
pub fn media_type(audio: Option<&AudioProperties>) -> &'static str {
    let Some(audio) = audio else { return UNKNOWN };
    // Matroska with only the codecs of WebM is WebM to a browser.
    if audio.container == "matroska" && matches!(audio.codec.as_str(), "opus" | "vorbis") {
        return "audio/webm";
    }
    CONTAINERS.iter().find(|(name, _)| *name == audio.container).map_or(UNKNOWN, |(_, media_type)| media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_audio_and_the_unknown_is_harmless() {
        assert!(CONTAINERS.iter().all(|(_, media_type)| media_type.starts_with("audio/")));
        assert_eq!(media_type(None), UNKNOWN);
        let html = AudioProperties {
            codec: "text/html".into(),
            container: "html".into(),
            sample_rate_hz: 44_100,
            channels: 2,
            bit_depth: None,
            frames: None,
            bitrate_bps: None,
        };
        assert_eq!(media_type(Some(&html)), UNKNOWN);
        assert_eq!(media_type(Some(&AudioProperties { container: "flac".into(), ..html })), "audio/flac");
    }
}
