//! `fanfare cache verify` and `fanfare cache explain`: nothing is changed.

use std::path::Path;

use fanfare_audio::{Limits, read_tags};
use fanfare_delivery::{Examiner, Explained, FileState};
use fanfare_model::{AudioProperties, ContentHash, Error, ErrorKind, Quality, Result, TrackId, words::bytes};
use fanfare_store::{Look, Store, TrackRow, hash_reader};
use serde::Serialize;

use super::{
    opened::{in_store, qualities},
    scope,
};
use crate::{
    cli::{
        command_line::{PlaceArgs, ScopeArgs},
        exit::{Exit, SOME_FAILED, SUCCESS},
        output::{self, Done, printable},
    },
    http::dto::cache::{ExplainedDto, ExplainedSourceDto, VerifiedDto},
    settings::Settings,
};

/// Looks at many tracks.
pub(super) fn verify(args: &ScopeArgs, asked: &[Quality], json: bool, place: &PlaceArgs) -> Done {
    let mut lines = Vec::new();
    let found = in_store(place, async |settings, store| {
        let qualities = qualities(asked, settings)?;
        let tracks = scope::of(store, args).await?.unwrap_or_else(scope::everything);
        let ffmpeg = settings.ffmpeg_use();
        let examiner = Examiner::new(store, &settings.cache, &ffmpeg, Look::Bytes).await;
        let (mut found, mut pages) = (VerifiedDto::default(), tracks.pages(store));
        while let Some(rows) = pages.next().await? {
            for row in rows {
                let explained = examiner.track(&row, &qualities).await?;
                found.take(&row.track, &explained, usize::MAX);
                let lacking =
                    |one: &&Explained| !matches!(one.state, FileState::Ready | FileState::NotNeeded);
                let title = printable(&row.track.title);
                lines.extend(explained.iter().filter(lacking).map(|one| {
                    let (state, quality) = (one.state.as_str(), one.quality.as_str());
                    format!("{state:<8} {quality:<7} {title}: {}", one.reason)
                }));
            }
        }
        Ok(found)
    })?;
    let lacking = found.missing + found.stale + found.damaged;
    if json {
        output::json_line(&found)?;
    } else {
        for line in lines {
            output::line(line)?;
        }
        let VerifiedDto { checked, ready, missing, stale, damaged, .. } = &found;
        output::line(format_args!(
            "{checked} checked: {ready} ready, {missing} missing, {stale} stale, {damaged} damaged"
        ))?;
        if *missing > 0 {
            output::note("`fanfare cache warm` makes what is missing");
        }
        if stale + damaged > 0 {
            output::note("`fanfare cache refresh` makes stale and damaged files again");
        }
    }
    Ok(Exit(if lacking > 0 { SOME_FAILED } else { SUCCESS }))
}

/// Why the transcodes of a track are as they are; the names are those of `GET /api/v1/cache/explain/{track}`.
#[derive(Serialize)]
struct Explanation {
    /// What was asked for.
    asked: String,
    folder: String,
    /// `None` when the library has no such bytes.
    track: Option<String>,
    title: Option<String>,
    path: Option<String>,
    source: ExplainedSourceDto,
    qualities: Vec<ExplainedDto>,
    /// Where what was asked for is no track itself: why, and what that means.
    remark: Option<String>,
}

/// Looks at one.
pub(super) fn explain(what: &Path, json: bool, place: &PlaceArgs) -> Done {
    let explanation = in_store(place, async |settings, store| {
        let found = find(store, what).await?;
        explained(settings, store, what, found).await
    })?;
    if json {
        output::json_line(&explanation)?;
    } else {
        output::write(table(&explanation).as_bytes())?;
    }
    Ok(Exit(SUCCESS))
}

/// What a name led to.
enum Found {
    Track(Box<TrackRow>, Option<String>),
    Bytes { hash: ContentHash, size_bytes: u64, audio: Option<AudioProperties> },
}

async fn find(store: &Store, what: &Path) -> Result<Found> {
    let catalog = store.catalog();
    let id = what.to_str().and_then(|text| text.parse::<TrackId>().ok());
    if let Some(id) = id.filter(|_| !what.exists()) {
        let row = catalog.track(id).await?;
        let none = || Error::new(ErrorKind::NotFound, "there is no such track");
        return Ok(Found::Track(Box::new(row.ok_or_else(none)?), None));
    }
    if what.is_dir() {
        return Err(Error::new(ErrorKind::Invalid, "one file is explained at a time")
            .remedy("`fanfare cache verify DIR` looks at a folder"));
    }
    if let [id] = scope::below(store, what).await?[..]
        && let Some(row) = catalog.track(id).await?
    {
        return Ok(Found::Track(Box::new(row), None));
    }
    if !what.exists() {
        return Err(scope::not_in_library(what));
    }
    let path = what.to_owned();
    let read = tokio::task::spawn_blocking(move || read(&path));
    let (hash, size_bytes, audio) = read
        .await
        .map_err(|ended| Error::new(ErrorKind::Internal, "reading was interrupted").because(ended))??;
    if let Some(id) = catalog.track_of_bytes(hash).await?
        && let Some(row) = catalog.track(id).await?
    {
        let remark =
            "this file lies outside of the library; the track has the same bytes, so its files are the same";
        return Ok(Found::Track(Box::new(row), Some(remark.to_owned())));
    }
    Ok(Found::Bytes { hash, size_bytes, audio })
}

/// Hash, size and properties of a file.
fn read(path: &Path) -> Result<(ContentHash, u64, Option<AudioProperties>)> {
    let failed = |error| Error::from_io(path.display(), error);
    let (hash, size_bytes) = std::fs::File::open(path).and_then(hash_reader).map_err(failed)?;
    let audio = read_tags(path, &Limits::default()).ok().and_then(|reading| reading.audio);
    Ok((hash, size_bytes, audio))
}

async fn explained(settings: &Settings, store: &Store, what: &Path, found: Found) -> Result<Explanation> {
    let (catalog, options) = (store.catalog(), &settings.cache);
    let ffmpeg = settings.ffmpeg_use();
    let examiner = Examiner::new(store, options, &ffmpeg, Look::Bytes).await;
    let (asked, folder) = (what.display().to_string(), catalog.cache().root().display().to_string());
    let dtos = |all: Vec<Explained>| all.into_iter().map(ExplainedDto::from).collect();
    let source =
        |audio: Option<&AudioProperties>, hash: Option<ContentHash>, size_bytes| ExplainedSourceDto {
            codec: audio.map(|audio| audio.codec.clone()),
            lossless: audio.map(AudioProperties::is_lossless),
            hash: hash.map(|hash| hash.to_string()),
            size_bytes,
        };
    Ok(match found {
        Found::Track(row, remark) => {
            let explained = examiner.track(&row, &Quality::TRANSCODED).await?;
            let path = catalog.track_path(row.track.id).await?;
            let track = row.track;
            Explanation {
                asked,
                folder,
                track: Some(track.id.to_string()),
                path: path.map(|path| path.display().to_string()),
                source: source(track.audio.as_ref(), track.hash, track.size_bytes),
                title: Some(track.title),
                qualities: dtos(explained),
                remark,
            }
        }
        Found::Bytes { hash, size_bytes, audio } => {
            let explained = examiner.bytes((hash, size_bytes), audio.as_ref(), &Quality::TRANSCODED).await?;
            let remark =
                "no track of the library has these bytes; `fanfare scan DIR` adds the folder they lie in";
            Explanation {
                asked,
                folder,
                track: None,
                title: None,
                path: None,
                source: source(audio.as_ref(), Some(hash), size_bytes),
                qualities: dtos(explained),
                remark: Some(remark.to_owned()),
            }
        }
    })
}

fn table(explanation: &Explanation) -> String {
    let source = &explanation.source;
    let kind = match source.lossless {
        Some(true) => "lossless",
        Some(false) => "lossy",
        None => "not read",
    };
    let mut text = format!("asked    {}\n", printable(&explanation.asked));
    if let (Some(track), Some(title)) = (&explanation.track, &explanation.title) {
        text.push_str(&format!("track    {track}  {}\n", printable(title)));
    }
    if let Some(path) = &explanation.path {
        text.push_str(&format!("path     {}\n", printable(path)));
    }
    if let Some(remark) = &explanation.remark {
        text.push_str(&format!("note     {remark}\n"));
    }
    text.push_str(&format!(
        "source   {}, {kind}, {}\nhash     {}\nfolder   {}\n",
        source.codec.as_deref().unwrap_or("unknown codec"),
        bytes(source.size_bytes),
        source.hash.as_deref().unwrap_or("not known yet: the file was not analyzed"),
        printable(&explanation.folder)
    ));
    for one in &explanation.qualities {
        let quality = Quality::from(one.quality);
        text.push_str(&format!("\n{:<8} {}: {}\n", quality.as_str(), one.state, one.reason));
        if let Some(file) = &one.expected_file {
            text.push_str(&format!("  expected  {file}\n"));
        }
        let found = match one.size_bytes {
            Some(size) => format!("yes, {}", bytes(size)),
            None => "no".to_owned(),
        };
        text.push_str(&format!("  found     {found}\n"));
        if let Some(remedy) = &one.remedy {
            text.push_str(&format!("  remedy    {remedy}\n"));
        }
    }
    text
}
