//! What the database holds: whether it is sound, which folders it knows, and which files no track names.

use std::path::PathBuf;

use fanfare_ingest::keeping;
use fanfare_model::{
    ErrorKind, Result,
    words::{self, bytes},
};
use fanfare_store::{
    LibraryCounts, QuarantineCounts, Quarantined, StorageTrouble, Store, StoreOptions, damaged_database,
};

use super::check::{Check, Outcome, bad, ok};
use crate::{
    cli::{missing, serve::block_on},
    http::clock::rfc3339,
    settings::Settings,
};

const NAME: &str = "database";

struct Looked {
    troubles: Vec<String>,
    /// Transcodes that are not in the cache folder, and how many the database has.
    uncached: (Vec<String>, u64),
    folders: Vec<PathBuf>,
    counts: LibraryCounts,
    quarantine: QuarantineCounts,
    first: Option<Quarantined>,
    /// How many jobs of each queue are parked.
    parked: Vec<(String, u64)>,
    /// What is missing of library folders, in lines.
    missing: Vec<String>,
    /// Why uploads and covers cannot be reached.
    away: Option<StorageTrouble>,
}

/// The checks, and the library folders that the database knows.
pub fn look(settings: &Settings) -> (Vec<Check>, Vec<PathBuf>) {
    if !settings.data_dir.is_dir() {
        return (vec![ok(NAME, "none yet")], Vec::new());
    }
    match block_on(open_and_look(settings)) {
        Ok(looked) if !looked.troubles.iter().any(|trouble| trouble.starts_with("integrity")) => {
            let mut checks = vec![
                soundness(&looked),
                cached_files(&looked, settings),
                parked_jobs(&looked),
                quarantine(&looked),
            ];
            checks
                .extend(looked.away.map(|away| bad("uploads", Outcome::Failed, away.sentence, away.remedy)));
            checks.extend(missing_tracks(&looked.missing));
            (checks, looked.folders)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => (vec![ok(NAME, "none yet")], Vec::new()),
        broken => {
            let found = block_on(async { Ok(damaged_database(&settings.data_dir).await) });
            let error = match (found, broken) {
                (Ok(Some(damaged)), _) | (_, Err(damaged)) => damaged,
                // Sound when it was looked at again.
                (_, Ok(looked)) => return (vec![soundness(&looked)], looked.folders),
            };
            let remedy = error.remedy_text().unwrap_or("stop the server and look again").to_owned();
            (vec![bad(NAME, Outcome::Failed, error.message(), remedy)], Vec::new())
        }
    }
}

async fn open_and_look(settings: &Settings) -> Result<Looked> {
    let options = StoreOptions { migrate: false, ..StoreOptions::default() };
    let store = Store::open_with_cache(&settings.data_dir, &settings.cache_dir(), &options).await?;
    let catalog = store.catalog();
    let mut page = catalog.quarantine(&keeping(settings.quarantine_days), 0, 1).await?;
    let (folders, mut found) = (catalog.folders().await?, catalog.missing().await?);
    let missing = folders.iter().flat_map(|folder| {
        let missing = found.remove(&folder.id).unwrap_or_default();
        missing::lines(folder, &missing, settings.keep_missing_days)
    });
    let looked = Looked {
        missing: missing.filter(|line| !line.starts_with("->")).collect(),
        troubles: catalog.check().await?,
        uncached: catalog.check_cache().await?,
        folders: folders.into_iter().map(|folder| folder.path).collect(),
        counts: catalog.counts().await?,
        quarantine: catalog.quarantine_counts().await?,
        first: page.items.pop(),
        parked: catalog.parked_counts().await?,
        away: store.blobs_away(),
    };
    store.close().await;
    Ok(looked)
}

fn soundness(looked: &Looked) -> Check {
    let (troubles, counts) = (&looked.troubles, &looked.counts);
    match troubles.first() {
        None => ok(
            NAME,
            format!(
                "sound; {}, {} ready, {} failed",
                words::count(counts.tracks, "track"),
                counts.ready,
                counts.failed
            ),
        ),
        Some(first) => {
            let found = format!("{}, first: {first}", words::count(troubles.len() as u64, "trouble"));
            bad(NAME, Outcome::Failed, found, "keep a copy of the data folder and report this")
        }
    }
}

/// Whether the transcodes that the database has are where the settings say.
fn cached_files(looked: &Looked, settings: &Settings) -> Check {
    const NAME: &str = "cached files";
    let (lacking, all) = (looked.uncached.0.len(), looked.uncached.1);
    if lacking == 0 {
        return ok(NAME, format!("{all}, each of the size it was made with"));
    }
    bad(
        NAME,
        Outcome::Warning,
        format!("{lacking} of {all} are not in {}, or of another size", settings.cache_dir().display()),
        "was the cache folder emptied or moved? set `audio_cache.dir` to it (the server may have it in its environment), or run `fanfare cache refresh`",
    )
}

/// Jobs that were given up and wait until the owner looks at them.
fn parked_jobs(looked: &Looked) -> Check {
    const NAME: &str = "parked jobs";
    let total: u64 = looked.parked.iter().map(|(_, jobs)| jobs).sum();
    if total == 0 {
        return ok(NAME, "none");
    }
    let by_queue: Vec<String> =
        looked.parked.iter().map(|(queue, jobs)| format!("{jobs} in {queue}")).collect();
    bad(
        NAME,
        Outcome::Warning,
        format!("{total} given up: {}", by_queue.join(", ")),
        "`fanfare jobs parked` lists them with reasons, `fanfare jobs retry --all` tries them again",
    )
}

/// Tracks whose files are not where they were, a check for each thing that there is to say.
fn missing_tracks(lines: &[String]) -> Vec<Check> {
    lines.iter().map(|line| bad("missing", Outcome::Warning, line.clone(), missing::REMEDY)).collect()
}

/// Covers and streams that were replaced wait there as a matter of course; uploads do not.
fn quarantine(looked: &Looked) -> Check {
    const NAME: &str = "quarantine";
    let QuarantineCounts { files, bytes: size, uploads, upload_bytes } = looked.quarantine;
    let Some(first) = &looked.first else { return ok(NAME, "every file belongs to a track") };
    let due = rfc3339(first.due);
    let due = due.get(..10).unwrap_or(&due);
    if uploads == 0 {
        return ok(
            NAME,
            format!(
                "{} ({}) that no track names any more: covers, streams and transcodes",
                words::count(files, "file"),
                bytes(size)
            ),
        );
    }
    bad(
        NAME,
        Outcome::Warning,
        format!(
            "{} ({}) that no track names; the first is deleted on {due} or later",
            words::count(uploads, "upload"),
            bytes(upload_bytes)
        ),
        "make tracks of them again on the settings page, or put the newer database back",
    )
}
