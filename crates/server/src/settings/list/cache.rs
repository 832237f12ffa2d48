//! The settings of the transcode cache.

use fanfare_model::{Quality, TranscodeCodec};
use serde_json::json;

use super::setting::{LARGEST_SPACE, Setting};
use crate::settings::{
    ValueType,
    given::{Complaint, Given},
};

/// The longest that an unused file is kept when age counts: ten years.
const MAX_AGE_DAYS_LIMIT: u64 = 3_650;
/// Beyond it memory, not cores, would set the pace.
const MAX_AT_A_TIME: u64 = 64;
const QUALITIES: &[&str] = &["original", "high", "medium", "low"];

pub(super) const ENABLED: Setting = Setting {
    name: "audio_cache.enabled",
    value_type: ValueType::Switch,
    default: "true",
    unit: "",
    help: "The master switch of the transcode cache. Without it every quality is the original, for guests of a shared mixtape too.",
    example: "false",
    page: true,
    get: |settings| json!(settings.cache.enabled),
    set: |settings, given| given.switch().map(|value| settings.cache.enabled = value),
};

pub(super) const DIR: Setting = Setting {
    name: "audio_cache.dir",
    value_type: ValueType::Path,
    default: "`cache/audio` in the data folder",
    unit: "",
    help: "Where transcodes are kept. A relative path lies in the data folder.",
    example: "\"/srv/cache/audio\"",
    page: false,
    get: |settings| json!(settings.cache_dir().to_string_lossy()),
    set: |settings, given| given.path().map(|value| settings.cache_dir = Some(value)),
};

pub(super) const CODEC: Setting = Setting {
    name: "audio_cache.codec",
    value_type: ValueType::Choice(&["mp3", "opus", "aac"]),
    default: "mp3",
    unit: "",
    help: "The codec of transcodes. MP3 (256, 192, 128 kbit/s) plays everywhere; Opus (160, 128, 96) is better at the same size; AAC (192, 144, 96) needs ffmpeg, and on a miss the original is sent.",
    example: "\"opus\"",
    page: true,
    get: |settings| json!(settings.cache.codec.as_str()),
    set: |settings, given| {
        let codecs = TranscodeCodec::ALL.map(|codec| (codec.as_str(), codec));
        given.choice(&codecs).map(|value| settings.cache.codec = value)
    },
};

pub(super) const DEFAULT_QUALITY: Setting = Setting {
    name: "audio_cache.default_quality",
    value_type: ValueType::Choice(QUALITIES),
    default: "medium",
    unit: "",
    help: "What is sent to everybody who names no quality, signed in or guest of a shared mixtape: the API without `?quality=`, and a browser until another quality is chosen on it.",
    example: "\"high\"",
    page: true,
    get: |settings| json!(settings.cache.default_quality.as_str()),
    set: |settings, given| quality(given).map(|value| settings.cache.default_quality = value),
};

pub(super) const ON_MISS: Setting = Setting {
    name: "audio_cache.on_miss",
    value_type: ValueType::Choice(&["encode", "original"]),
    default: "encode",
    unit: "",
    help: "What is sent when a client asks for a transcode that does not exist: `encode` makes it and sends it while it is made; `original` sends the original and logs the miss. For guests of a shared mixtape it is made either way.",
    example: "\"original\"",
    page: true,
    get: |settings| json!(if settings.cache.encode_on_miss { "encode" } else { "original" }),
    set: |settings, given| {
        let words = [("encode", true), ("original", false)];
        given.choice(&words).map(|value| settings.cache.encode_on_miss = value)
    },
};

pub(super) const CAP_BYTES: Setting = Setting {
    name: "audio_cache.cap_bytes",
    value_type: ValueType::Bytes { min: 0, max: LARGEST_SPACE },
    default: "10 GiB",
    unit: "bytes",
    help: "How much room transcodes and the HLS of library tracks take together; what was used longest ago is deleted first. What is being listened to stays.",
    example: "\"20 GiB\"",
    page: true,
    get: |settings| json!(settings.cache.cap_bytes),
    set: |settings, given| given.bytes(0..=LARGEST_SPACE).map(|value| settings.cache.cap_bytes = value),
};

pub(super) const MAX_AGE_DAYS: Setting = Setting {
    name: "audio_cache.max_age_days",
    value_type: ValueType::Count { min: 0, max: MAX_AGE_DAYS_LIMIT },
    default: "0",
    unit: "days",
    help: "How long a file that nobody uses is kept. 0: until the room is needed.",
    example: "90",
    page: true,
    get: |settings| json!(settings.cache.max_age_days.unwrap_or(0)),
    set: |settings, given| {
        let days = given.count(0..=MAX_AGE_DAYS_LIMIT)?;
        settings.cache.max_age_days = u32::try_from(days).ok().filter(|days| *days > 0);
        Ok(())
    },
};

pub(super) const MAX_WORKERS: Setting = Setting {
    name: "audio_cache.max_workers",
    value_type: ValueType::Count { min: 1, max: MAX_AT_A_TIME },
    default: "4",
    unit: "tracks",
    help: "How many tracks are encoded at the same time when many are made ahead; never more than there are processor cores. Fewer leave more of the machine to others.",
    example: "2",
    page: true,
    get: |settings| json!(settings.cache.workers),
    set: |settings, given| at_a_time(given).map(|value| settings.cache.workers = value),
};

pub(super) const PRECACHE_ON_UPLOAD: Setting = Setting {
    name: "audio_cache.precache_on_upload",
    value_type: ValueType::Switch,
    default: "true",
    unit: "",
    help: "Whether the tracks of a mixtape that is saved, and uploads, are made ready at once.",
    example: "false",
    page: true,
    get: |settings| json!(settings.cache.precache),
    set: |settings, given| given.switch().map(|value| settings.cache.precache = value),
};

pub(super) const PRECACHE_QUALITIES: Setting = Setting {
    name: "audio_cache.precache_qualities",
    value_type: ValueType::Text,
    default: "medium",
    unit: "",
    help: "For which qualities that is done: high, medium, low, with commas between.",
    example: "[\"medium\", \"low\"]",
    page: true,
    get: |settings| {
        let words: Vec<&str> =
            settings.cache.precache_qualities.iter().map(|quality| quality.as_str()).collect();
        json!(words.join(","))
    },
    set: |settings, given| {
        let words = match given {
            Given::List(words) => words.clone(),
            other => other.text()?.trim_matches(['[', ']']).split(',').map(str::to_owned).collect(),
        };
        let one = |word: &String| {
            let word = word.trim().trim_matches('"');
            let smaller = word.parse::<Quality>().ok().filter(|quality| *quality != Quality::Original);
            smaller.ok_or_else(|| format!("{word:?} is none of high, medium, low"))
        };
        settings.cache.precache_qualities = words.iter().map(one).collect::<Result<_, _>>()?;
        Ok(())
    },
};

pub(super) const MAX_ENCODES: Setting = Setting {
    name: "audio_cache.max_encodes",
    value_type: ValueType::Count { min: 1, max: MAX_AT_A_TIME },
    default: "8",
    unit: "files",
    help: "How many files may be made at the same time for listeners, all together; a further request is refused and told when to try again.",
    example: "4",
    page: true,
    get: |settings| json!(settings.cache.max_encodes),
    set: |settings, given| at_a_time(given).map(|value| settings.cache.max_encodes = value),
};

pub(super) const MAX_ENCODES_PER_USER: Setting = Setting {
    name: "audio_cache.max_encodes_per_user",
    value_type: ValueType::Count { min: 1, max: MAX_AT_A_TIME },
    default: "3",
    unit: "files",
    help: "The same for each person.",
    example: "2",
    page: true,
    get: |settings| json!(settings.cache.max_encodes_per_person),
    set: |settings, given| at_a_time(given).map(|value| settings.cache.max_encodes_per_person = value),
};

fn at_a_time(given: &Given) -> Result<usize, Complaint> {
    given.count(1..=MAX_AT_A_TIME).map(|value| usize::try_from(value).unwrap_or(1))
}

fn quality(given: &Given) -> Result<Quality, Complaint> {
    given.choice(&Quality::ALL.map(|quality| (quality.as_str(), quality)))
}
