//! `fanfare scan`: bring the library up to date once and end, without a server.

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    time::Duration,
};

use fanfare_ingest::{BackgroundOptions, DataLock, Ingest, IngestOptions, remove_missing};
use fanfare_model::{Result, TaskId, Timestamp, words};
use fanfare_store::{LibraryCounts, Store, StoreOptions};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    command_line::ScanArgs,
    exit::{Exit, INTERRUPTED, SOME_FAILED, SUCCESS},
    logging, missing,
    output::{self, Done},
    serve,
};
use crate::{
    http::{applied, clock},
    settings::{Given, Layers, Settings},
};

/// How often progress is looked at where no event says so.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Runs the command.
pub fn run(args: &ScanArgs) -> Done {
    let mut request = args.place.request();
    request.flags.extend(args.jobs.clone().map(|text| ("jobs", Given::Text(text))));
    let layers = Layers::read(&request)?;
    let settings = with_folders(layers.settle(&Default::default()), args)?;
    logging::start(&settings.log);
    serve::make_data_folder(&settings.data_dir)?;
    let Some(Found { counts, folders, left_out, compared, missing, removed }) =
        serve::block_on(scan(&layers, &settings, args))?
    else {
        return Ok(Exit(INTERRUPTED));
    };
    for line in left_out {
        output::line(output::printable(&line))?;
    }
    for line in compared {
        output::line(output::printable(&line))?;
    }
    for line in missing {
        output::line(output::printable(&line))?;
    }
    if args.remove_missing {
        output::line(format_args!("{} removed", words::count(removed, "missing track")))?;
    }
    output::line(format_args!(
        "{}: {} ready, {} failed, {} waiting",
        words::count(counts.tracks, "track"),
        counts.ready,
        counts.failed,
        counts.queued + counts.processing
    ))?;
    if folders == 0 {
        output::note(
            "fanfare: the library has no folder yet; name the one that your music is in: fanfare scan DIR",
        );
    }
    Ok(Exit(if counts.failed > 0 { SOME_FAILED } else { SUCCESS }))
}

/// The settings, and the folders named on the command line besides.
fn with_folders(mut settings: Settings, args: &ScanArgs) -> Result<Settings> {
    settings.folders.extend(args.folders.iter().cloned());
    settings.folders =
        settings.folders.iter().map(|folder| serve::absolute_folder(folder)).collect::<Result<_>>()?;
    Ok(settings)
}

/// What a scan ended with.
struct Found {
    counts: LibraryCounts,
    /// How many folders the library has.
    folders: usize,
    /// Which folders of systems and other programs were left out, a line for each library folder.
    left_out: Vec<String>,
    /// What a full scan has to say: how many files were compared, and which have other bytes than before.
    compared: Vec<String>,
    /// What is missing, a line for each folder.
    missing: Vec<String>,
    /// Missing tracks that were removed.
    removed: u64,
}

/// Scans and waits until nothing is left to do; `None` when it was interrupted. What is set on the page counts from when
/// the store is open.
async fn scan(layers: &Layers, settings: &Settings, args: &ScanArgs) -> Result<Option<Found>> {
    // First: opening the store tidies up, which would disturb a server that runs.
    let lock = DataLock::acquire(&settings.data_dir)?;
    let store =
        Store::open_with_cache(&settings.data_dir, &settings.cache_dir(), &StoreOptions::default()).await?;
    let settings = &with_folders(layers.settle(&store.catalog().settings().await?), args)?;
    let options = IngestOptions {
        watch: false,
        poll_interval: None,
        // Asked for now, everything is analyzed now, whatever is set for the night.
        background: BackgroundOptions::default(),
        ..applied::options(settings)?
    };
    let begun = clock::now();
    let ingest = Ingest::start(lock, store.clone(), options).await?;
    let finished = follow(&ingest, &store, settings, args.full).await;
    ingest.shutdown().await;
    let found = match finished {
        Ok(Some(scan)) => found(&store, settings, args, (scan, begun, ingest.left_out())).await.map(Some),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    store.close().await;
    found
}

/// Sums up what was found, and removes what is missing where that is wanted.
async fn found(
    store: &Store,
    settings: &Settings,
    args: &ScanArgs,
    (scan, begun, left_out): (TaskId, Timestamp, Vec<String>),
) -> Result<Found> {
    let catalog = store.catalog();
    let task = catalog.task(scan).await?;
    let log = || task.iter().flat_map(|task| task.log.iter().map(|line| line.text.clone()));
    let (left_out, compared) = if args.full {
        (Vec::new(), log().chain(task.iter().map(|task| task.message.clone())).collect())
    } else {
        (left_out, Vec::new())
    };
    let (mut lines, mut removed) = (Vec::new(), 0);
    let named: Vec<PathBuf> =
        args.folders.iter().map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.clone())).collect();
    let mut missing = catalog.missing().await?;
    let folders = catalog.folders().await?;
    let count = folders.len();
    for folder in folders {
        let missing = missing.remove(&folder.id).unwrap_or_default();
        if args.remove_missing && (named.is_empty() || named.contains(&folder.path)) {
            // What this scan found missing may be a disk that is not mounted: it stays, and is told.
            let done = remove_missing(store, folder.id, "", Some(begun)).await?;
            removed += done.removed;
            if done.recent == 0 {
                continue;
            }
        }
        lines.extend(missing::lines(&folder, &missing, settings.keep_missing_days));
    }
    Ok(Found { counts: catalog.counts().await?, folders: count, left_out, compared, missing: lines, removed })
}

/// Gives the scan, when everything is done; `None` when it was interrupted.
async fn follow(ingest: &Ingest, store: &Store, settings: &Settings, full: bool) -> Result<Option<TaskId>> {
    for folder in &settings.folders {
        ingest.add_folder(folder).await?;
    }
    let scan = if full { ingest.scan_in_full().await? } else { ingest.scan_now().await? };
    let mut waits_for = Some(scan);
    let (_, mut events) = ingest.hub().subscribe(None);
    let bar = bar();
    let mut look = tokio::time::interval(LOOK_EVERY);
    let interrupt = tokio::signal::ctrl_c();
    tokio::pin!(interrupt);
    loop {
        tokio::select! {
            _ = &mut interrupt => {
                bar.finish_and_clear();
                return Ok(None);
            }
            // A listener that fell behind only missed intermediate states.
            _ = events.recv() => {}
            _ = look.tick() => {}
        }
        let active = ingest.hub().active();
        if let Some(task) = active.first() {
            bar.set_length(task.total);
            bar.set_position(task.current);
            let item = task.current_item.as_deref().unwrap_or_default();
            bar.set_message(output::printable(&format!("{} {item}", task.step)));
        }
        if waits_for.is_some_and(|scan| active.iter().all(|task| task.id != scan)) {
            waits_for = None;
        }
        if waits_for.is_none() && active.is_empty() {
            let counts = store.catalog().counts().await?;
            if counts.queued + counts.processing == 0 {
                bar.finish_and_clear();
                return Ok(Some(scan));
            }
        }
    }
}

fn bar() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {wide_msg}");
    ProgressBar::no_length()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "))
}
