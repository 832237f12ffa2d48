//! `fanfare cache status`: switches, encoder, size against cap.

use fanfare_ingest::DataLock;
use fanfare_model::{
    ErrorKind, Profile, Quality,
    words::{bytes, count},
};
use serde::Serialize;

use super::opened::in_store;
use crate::{
    cli::{
        command_line::PlaceArgs,
        exit::{Exit, SUCCESS},
        output::{self, Done, printable},
    },
    http::{
        clock::rfc3339,
        dto::cache::{CacheQualityDto, EncoderDto},
    },
};

/// How the cache stands; the names are those of `GET /api/v1/cache`, without what only a running server counts.
#[derive(Serialize)]
struct Status {
    enabled: bool,
    folder: String,
    codec: &'static str,
    default_quality: &'static str,
    on_miss: &'static str,
    precache_on_upload: bool,
    precache_qualities: Vec<&'static str>,
    max_workers: u64,
    cap_bytes: u64,
    size_bytes: u64,
    /// What is free on the disk of the cache folder.
    free_bytes: Option<u64>,
    hls_bytes: u64,
    files: u64,
    oldest_used: Option<String>,
    qualities: Vec<CacheQualityDto>,
    encoder: EncoderDto,
    /// Whether a server uses the data folder now.
    server_runs: bool,
}

pub(super) fn run(json: bool, place: &PlaceArgs) -> Done {
    let status = in_store(place, async |settings, store| {
        let (options, catalog) = (&settings.cache, store.catalog());
        let counts = catalog.cached_counts().await?;
        let all = catalog.transcode_counts().await?;
        let small: u64 = counts.iter().map(|count| count.bytes).sum();
        let size_bytes = all.bytes.saturating_sub(all.pinned_bytes);
        let quality = |quality: &Quality| {
            let count = counts.iter().find(|count| count.quality == *quality);
            CacheQualityDto {
                quality: (*quality).into(),
                bitrate_bps: Profile::of(*quality, options.codec).map_or(0, Profile::bitrate_bps),
                files: count.map_or(0, |count| count.files),
                bytes: count.map_or(0, |count| count.bytes),
            }
        };
        let refused = DataLock::acquire(&settings.data_dir).err();
        Ok(Status {
            enabled: options.enabled,
            folder: catalog.cache().root().display().to_string(),
            codec: options.codec.as_str(),
            default_quality: options.default_quality.as_str(),
            on_miss: if options.encode_on_miss { "encode" } else { "original" },
            precache_on_upload: options.precache,
            precache_qualities: options.precache_qualities.iter().map(|quality| quality.as_str()).collect(),
            max_workers: options.workers as u64,
            cap_bytes: options.cap_bytes,
            size_bytes,
            free_bytes: catalog.cache().free_bytes(),
            hls_bytes: size_bytes.saturating_sub(small),
            files: counts.iter().map(|count| count.files).sum(),
            oldest_used: counts.iter().filter_map(|count| count.oldest).min().map(rfc3339),
            qualities: Quality::TRANSCODED.iter().map(quality).collect(),
            encoder: EncoderDto::look(options.codec, &settings.ffmpeg_use()),
            server_runs: refused.is_some_and(|error| error.kind() == ErrorKind::Busy),
        })
    })?;
    if json {
        output::json_line(&status)?;
    } else {
        output::write(table(&status).as_bytes())?;
    }
    Ok(Exit(SUCCESS))
}

fn table(status: &Status) -> String {
    let switch = |on| if on { "on" } else { "off" };
    let encoder = match (&status.encoder.problem, &status.encoder.remedy) {
        (None, _) => format!("{} for {}", status.encoder.name, status.codec),
        (Some(problem), remedy) => {
            format!("MISSING: {problem}; {}", remedy.as_deref().unwrap_or_default())
        }
    };
    let precache =
        format!("{} ({})", switch(status.precache_on_upload), status.precache_qualities.join(", "));
    let mut text = String::new();
    for (name, value) in [
        ("cache", switch(status.enabled).to_owned()),
        ("folder", printable(&status.folder)),
        ("encoder", encoder),
        ("on a miss", status.on_miss.to_owned()),
        ("default", status.default_quality.to_owned()),
        ("precache", precache),
        ("workers", status.max_workers.to_string()),
        ("server", if status.server_runs { "running" } else { "not running" }.to_owned()),
        (
            "size",
            format!(
                "{} of {} ({} of it HLS)",
                bytes(status.size_bytes),
                bytes(status.cap_bytes),
                bytes(status.hls_bytes)
            ),
        ),
        (
            "free",
            status
                .free_bytes
                .map_or_else(|| "-".to_owned(), |free| format!("{} on the disk of that folder", bytes(free))),
        ),
        ("files", status.files.to_string()),
        ("oldest use", status.oldest_used.clone().unwrap_or_else(|| "-".to_owned())),
    ] {
        text.push_str(&format!("{name:<11} {value}\n"));
    }
    for row in &status.qualities {
        let name = Quality::from(row.quality);
        let rate = row.bitrate_bps / 1_000;
        text.push_str(&format!(
            "  {:<9} {rate} kbit/s, {}, {}\n",
            name.as_str(),
            count(row.files, "file"),
            bytes(row.bytes)
        ));
    }
    text
}
