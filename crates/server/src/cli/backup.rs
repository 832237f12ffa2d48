//! `fanfare backup` and `fanfare restore`.

use std::io::{self, IsTerminal as _};

use fanfare_ingest::DataLock;
use fanfare_model::{Error, ErrorKind};
use fanfare_store::{
    Store, StoreOptions,
    backup::{self, Found, Manifest, Step},
};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    cache::bytes,
    exit::{Exit, SOME_FAILED, SUCCESS},
    line::{BackupArgs, RestoreArgs},
    output::{self, Done, printable},
    serve,
};
use crate::{http::clock::now, settings};

/// Runs `fanfare backup`.
pub fn backup(args: &BackupArgs) -> Done {
    let settings = settings::load(&args.place.request())?;
    serve::has_library(&settings)?;
    let file = settings.config_file.is_file().then(|| settings.config_file.clone());
    let bar = bar("copying");
    let done = serve::block_on(async {
        let options = StoreOptions { migrate: false, ..StoreOptions::default() };
        let store = Store::open_with_cache(&settings.data_dir, &settings.cache_dir(), &options).await?;
        let about = (file.as_deref(), env!("CARGO_PKG_VERSION"), now());
        let mut show = |step| show(&bar, step);
        let done = backup::backup(&store, &settings.data_dir, &args.target, about, &mut show).await;
        store.close().await;
        done
    });
    bar.finish_and_clear();
    let done = done?;
    output::line(format_args!("{}; in {}", held(&done.manifest), args.target.display()))?;
    output::line(format_args!(
        "copied {} files ({}), the rest was there; left out: smaller files and streams that can be made again",
        done.copied,
        bytes(done.copied_bytes)
    ))?;
    for file in &done.manifest.damaged {
        let found = match file.found {
            Found::Missing => "is missing",
            Found::Damaged => "is damaged",
            Found::Unreadable => "cannot be read",
        };
        output::note(format_args!("fanfare: {} {} {found} and is not in the backup", file.kind, file.name));
    }
    Ok(Exit(if done.manifest.damaged.is_empty() { SUCCESS } else { SOME_FAILED }))
}

/// Runs `fanfare restore`.
pub fn restore(args: &RestoreArgs) -> Done {
    let settings = settings::load(&args.place.request())?;
    // Looked at before a data folder is made for it.
    if Manifest::of(&args.backup)?.is_none() {
        let message = format!("there is no backup in {} that is whole", args.backup.display());
        return Err(Error::new(ErrorKind::NotFound, message)
            .remedy("name a folder that `fanfare backup` finished")
            .into());
    }
    serve::make_data_folder(&settings.data_dir)?;
    let _lock = DataLock::acquire(&settings.data_dir)?;
    let bar = bar("restoring");
    let mut show = |step| show(&bar, step);
    let done = serve::block_on(backup::restore(&args.backup, &settings.data_dir, args.keep_files, &mut show));
    bar.finish_and_clear();
    let done = done?;
    output::line(format_args!("restored into {}: {}", settings.data_dir.display(), held(&done.manifest)))?;
    for trouble in &done.troubles {
        output::note(format_args!("fanfare: {}", printable(trouble)));
    }
    output::line("library folders are looked for at the paths that they had; start `fanfare serve`")?;
    Ok(Exit(if done.troubles.is_empty() { SUCCESS } else { SOME_FAILED }))
}

/// What a backup holds, in words.
fn held(manifest: &Manifest) -> String {
    let of = |kind: &str| manifest.kept.iter().find(|kept| kept.kind == kind);
    let part = |kind: &str, name: &str| {
        of(kind).map_or_else(String::new, |kept| format!("{} {name} ({}), ", kept.files, bytes(kept.bytes)))
    };
    let settings = if manifest.settings.is_some() { ", settings" } else { "" };
    format!(
        "{}{}{}database ({}){settings}",
        part("upload", "uploads"),
        part("cover", "covers"),
        part("media", "streams"),
        bytes(manifest.database.size_bytes)
    )
}

/// A progress bar on a terminal; nothing elsewhere.
pub(super) fn bar(what: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len}  {msg}");
    ProgressBar::no_length()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "))
        .with_prefix(what)
}

fn show(bar: &ProgressBar, step: Step) {
    bar.set_length(step.files);
    bar.set_position(step.done);
    bar.set_message(bytes(step.bytes));
}
