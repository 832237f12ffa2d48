//! `fanfare backup` and `fanfare restore`.

use std::io::{self, IsTerminal as _};

use fanfare_ingest::DataLock;
use fanfare_model::{
    Error, ErrorKind,
    words::{bytes, count},
};
use fanfare_store::{
    Store, StoreOptions,
    backup::{self, BackupOptions, Damaged, Found, Manifest, Restored, Step},
};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    command_line::{BackupArgs, RestoreArgs},
    exit::{Exit, SOME_FAILED, SUCCESS},
    output::{self, Done, Stop, printable},
    serve, set_aside,
};
use crate::{
    http::clock::now,
    settings::{self, SettingsRequest},
};

/// Runs `fanfare backup`.
pub fn backup(args: &BackupArgs) -> Done {
    let settings = settings::load(&args.place.request())?;
    serve::has_library(&settings)?;
    let file = settings.config_file.is_file().then(|| settings.config_file.clone());
    let bar = bar("copying");
    let done = serve::block_on(async {
        let options = StoreOptions { migrate: false, ..StoreOptions::default() };
        let store = Store::open_with_cache(&settings.data_dir, &settings.cache_dir(), &options).await?;
        let about = BackupOptions {
            settings: file.as_deref(),
            version: env!("CARGO_PKG_VERSION"),
            now: now(),
            replace: args.replace,
        };
        let mut show = |step| show(&bar, step);
        let done = backup::backup(&store, &settings.data_dir, &args.target, about, &mut show).await;
        store.close().await;
        done
    });
    bar.finish_and_clear();
    let done = done?;
    output::line(format_args!("{}; in {}", held(&done.manifest), args.target.display()))?;
    output::line(format_args!(
        "copied {} ({}), the rest was there and is whole; left out: transcodes and streams that can be made again",
        count(done.copied, "file"),
        bytes(done.copied_bytes)
    ))?;
    if done.mended > 0 {
        output::line(format_args!(
            "{} of them were damaged in the backup, and are whole now: check the disk of the backup",
            done.mended
        ))?;
    }
    for file in &done.only_here {
        output::note(format_args!(
            "fanfare: {} in the data folder; the backup keeps its whole copy (`fanfare doctor --deep`)",
            told(file)
        ));
    }
    for file in &done.manifest.damaged {
        output::note(format_args!("fanfare: {} and is not in the backup", told(file)));
    }
    if !done.manifest.damaged.is_empty() {
        output::note(
            "fanfare: `fanfare doctor --deep` says what to do about each; check the disk of the data folder",
        );
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
    backup::refuse_overlap(&args.backup, &settings.data_dir)?;
    serve::block_on(backup::refuse_data(&args.backup, &settings.data_dir, &settings.folders))?;
    serve::make_data_folder(&settings.data_dir)?;
    let _lock = DataLock::acquire(&settings.data_dir)?;
    let bar = bar("restoring");
    let mut show = |step| show(&bar, step);
    let done = serve::block_on(backup::restore(&args.backup, &settings.data_dir, args.keep_files, &mut show));
    bar.finish_and_clear();
    let done = done?;
    output::line(format_args!("restored into {}: {}", settings.data_dir.display(), held(&done.manifest)))?;
    set_aside::name_set_aside(&done.set_aside)?;
    name_left_out(&done);
    for trouble in &done.troubles {
        output::note(format_args!("fanfare: {}", printable(trouble)));
    }
    list_unnamed(&args.place.request())?;
    output::line("library folders are looked for at the paths that they had; start `fanfare serve`")?;
    let is_whole = done.troubles.is_empty() && done.left_out.is_empty() && !done.without_settings;
    Ok(Exit(if is_whole { SUCCESS } else { SOME_FAILED }))
}

/// Lists the files that were there and that the restored database does not know, and says how many they are.
fn list_unnamed(request: &SettingsRequest) -> Result<(), Stop> {
    // Again: the settings file came with the backup.
    let settings = settings::load(request)?;
    let counts = serve::block_on(async {
        let options = StoreOptions::default();
        let store = Store::open_with_cache(&settings.data_dir, &settings.cache_dir(), &options).await?;
        set_aside::list_unnamed(store).await
    })?;
    if counts.files > 0 {
        output::line(format_args!(
            "kept for {}: {} that it does not know, of which {} can be made tracks again (page `Settings`)",
            count(settings.quarantine_days.into(), "day"),
            count(counts.files, "file"),
            count(counts.uploads, "upload")
        ))?;
    }
    Ok(())
}

/// Says what a restore left out, and what can be done about each.
fn name_left_out(done: &Restored) {
    if done.without_settings {
        output::note(
            "fanfare: the settings file is damaged in the backup and was left out: write `fanfare.toml` again (docs/settings.md)",
        );
    }
    for file in &done.left_out {
        let remedy = match file.kind.as_str() {
            "upload" => "send the same file again: the track and its results are there",
            "cover" => {
                "made again at the next start for uploads, by `fanfare scan --full` for library folders; a cover that was given to a \
                 mixtape has to be given again"
            }
            _ => "made again when it is played, if the original is there",
        };
        output::note(format_args!("fanfare: {} in the backup and was left out: {remedy}", told(file)));
    }
    if !done.left_out.is_empty() {
        output::note(
            "fanfare: everything else was restored. An older backup may have those files whole; with the old data folder, \
             `fanfare backup` mends this one",
        );
    }
}

/// A file and what is wrong with it: `upload 0123.. (of “Song”) is damaged`.
fn told(file: &Damaged) -> String {
    let found = match file.found {
        Found::Missing => "is missing",
        Found::Damaged => "is damaged",
        Found::Unreadable => "cannot be read",
    };
    let titles: Vec<String> = file.titles.iter().map(|title| format!("“{title}”")).collect();
    let of = if titles.is_empty() { String::new() } else { format!(" (of {})", titles.join(", ")) };
    printable(&format!("{} {}{of} {found}", file.kind, file.name))
}

/// What a backup holds, in words.
fn held(manifest: &Manifest) -> String {
    let of = |kind: &str| manifest.kept.iter().find(|kept| kept.kind == kind);
    let part = |kind: &str, name: &str| {
        of(kind)
            .map_or_else(String::new, |kept| format!("{} ({}), ", count(kept.files, name), bytes(kept.bytes)))
    };
    let settings = if manifest.settings.is_some() { ", settings" } else { "" };
    format!(
        "{}{}{}database ({}){settings}",
        part("upload", "upload"),
        part("cover", "cover"),
        part("media", "stream"),
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
