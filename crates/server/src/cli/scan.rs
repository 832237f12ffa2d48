//! `fanfare scan`: bring the library up to date once and end, without a server.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use fanfare_ingest::{BackgroundOptions, DataLock, Ingest, IngestOptions};
use fanfare_model::Result;
use fanfare_store::{LibraryCounts, Store, StoreOptions};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    exit::{Exit, INTERRUPTED, SOME_FAILED, SUCCESS},
    line::ScanArgs,
    logging,
    output::{self, Done},
    serve,
};
use crate::{
    http::applied,
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
    let Some(counts) = serve::block_on(scan(&layers, &settings, args))? else {
        return Ok(Exit(INTERRUPTED));
    };
    output::line(format_args!(
        "{} tracks: {} ready, {} failed, {} waiting",
        counts.tracks,
        counts.ready,
        counts.failed,
        counts.queued + counts.processing
    ))?;
    Ok(Exit(if counts.failed > 0 { SOME_FAILED } else { SUCCESS }))
}

/// The settings, and the folders named on the command line besides.
fn with_folders(mut settings: Settings, args: &ScanArgs) -> Result<Settings> {
    settings.folders.extend(args.folders.iter().cloned());
    settings.folders =
        settings.folders.iter().map(|folder| serve::absolute_folder(folder)).collect::<Result<_>>()?;
    Ok(settings)
}

/// Scans and waits until nothing is left to do; `None` when it was interrupted. What is set on the page counts from when
/// the store is open.
async fn scan(layers: &Layers, settings: &Settings, args: &ScanArgs) -> Result<Option<LibraryCounts>> {
    // First: opening the store tidies up, which would disturb a server that runs.
    let lock = DataLock::acquire(&settings.data_dir)?;
    let store =
        Store::open_with_cache(&settings.data_dir, &settings.cache_dir(), &StoreOptions::default()).await?;
    let settings = &with_folders(layers.settle(&store.catalog().settings().await?), args)?;
    let options = IngestOptions {
        watch: false,
        poll_interval: None,
        // Asked for now, everything is heard now, whatever is set for the night.
        background: BackgroundOptions::default(),
        ..applied::options(settings)?
    };
    let ingest = Ingest::start(lock, store.clone(), options).await?;
    let finished = follow(&ingest, &store, settings).await;
    ingest.shutdown().await;
    let counts = store.catalog().counts().await;
    store.close().await;
    Ok(if finished? { Some(counts?) } else { None })
}

async fn follow(ingest: &Ingest, store: &Store, settings: &Settings) -> Result<bool> {
    for folder in &settings.folders {
        ingest.add_folder(folder).await?;
    }
    let mut waits_for = Some(ingest.scan_now().await?);
    let (_, mut events) = ingest.hub().subscribe(None);
    let bar = bar();
    let mut look = tokio::time::interval(LOOK_EVERY);
    let interrupt = tokio::signal::ctrl_c();
    tokio::pin!(interrupt);
    loop {
        tokio::select! {
            _ = &mut interrupt => {
                bar.finish_and_clear();
                return Ok(false);
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
                return Ok(true);
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
