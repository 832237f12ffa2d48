//! The settings of uploads, and of what is made of them.

use serde_json::json;

use super::setting::{LARGEST_SPACE, Setting, complaint};
use crate::settings::{ValueType, given::Complaint};

/// The largest limit for one file: 64 GiB, a day of stereo at 32 bits and 192 kHz is less.
const LARGEST_UPLOAD: u64 = 64 << 30;

pub(super) const MAX_BYTES: Setting = Setting {
    name: "upload.max_bytes",
    value_type: ValueType::Bytes { min: 1, max: LARGEST_UPLOAD },
    default: "2 GiB",
    unit: "bytes",
    help: "The largest file that may be uploaded.",
    example: "\"500 MiB\"",
    page: true,
    get: |settings| json!(settings.upload.max_bytes),
    set: |settings, given| given.bytes(1..=LARGEST_UPLOAD).map(|value| settings.upload.max_bytes = value),
};

pub(super) const QUOTA_BYTES: Setting = Setting {
    name: "upload.quota_bytes",
    value_type: ValueType::Bytes { min: 0, max: LARGEST_SPACE },
    default: "0",
    unit: "bytes",
    help: "How much the uploads of one person may take in all. 0: as much as there is space for.",
    example: "\"50 GiB\"",
    page: true,
    get: |settings| json!(settings.upload.quota_bytes),
    set: |settings, given| given.bytes(0..=LARGEST_SPACE).map(|value| settings.upload.quota_bytes = value),
};

pub(super) const KEEP_ORIGINALS: Setting = Setting {
    name: "upload.keep_originals",
    value_type: ValueType::Switch,
    default: "true",
    unit: "",
    help: "Whether an uploaded file is kept when everything was made of it. Without it the track plays by HLS only, and better analyzers of later versions cannot analyze it again. An upload that was not decoded to its end, or with damage, is always kept.",
    example: "false",
    page: true,
    get: |settings| json!(settings.upload.keep_originals),
    set: |settings, given| given.switch().map(|value| settings.upload.keep_originals = value),
};

pub(super) const LISTENERS: Setting = Setting {
    name: "upload.listeners",
    value_type: ValueType::Switch,
    default: "false",
    unit: "",
    help: "Whether listeners may upload too, not only owners.",
    example: "true",
    page: true,
    get: |settings| json!(settings.upload.listeners),
    set: |settings, given| given.switch().map(|value| settings.upload.listeners = value),
};

pub(super) const LADDER: Setting = Setting {
    name: "hls.ladder",
    value_type: ValueType::Ladder,
    default: "low=aac:256,medium=aac:512,high=flac",
    unit: "",
    help: "What HTTP Live Streaming offers: variants with commas between, each `name=aac:KBITS` or `name=flac`. A variant for slow lines is one more (`tiny=aac:96`). Counts for tracks from now on.",
    example: "\"tiny=aac:96,low=aac:256,high=flac\"",
    page: true,
    get: |settings| json!(settings.hls.ladder),
    set: |settings, given| ladder(&given.text()?).map(|value| settings.hls.ladder = value),
};

/// A ladder that can be made.
fn ladder(text: &str) -> Result<String, Complaint> {
    let ladder: fanfare_audio::hls::Ladder = text.parse().map_err(complaint)?;
    Ok(ladder.to_string())
}
