//! `fanfare doctor --deep`: reads the bytes of every file again.

use std::time::Instant;

use fanfare_model::{
    Result,
    words::{self, bytes},
};
use fanfare_store::{DeepChecked, Rotten, Store, StoreOptions, backup::Found};

use super::check::{Check, Outcome, bad, ok};
use crate::{
    cli::{backup::bar, serve::block_on},
    settings::Settings,
};

const NAME: &str = "files";

/// A check for each file that rotted, or one that says that none did.
pub fn look(settings: &Settings, library: bool) -> Vec<Check> {
    let started = Instant::now();
    match block_on(read_all(settings, library)) {
        Ok(checked) if checked.rotten.is_empty() => {
            let seconds = started.elapsed().as_secs_f64().max(0.001);
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let rate = bytes((checked.bytes as f64 / seconds) as u64);
            vec![ok(
                NAME,
                format!(
                    "{} read again ({}, {rate}/s), each is as it was written",
                    words::count(checked.files, "file"),
                    bytes(checked.bytes)
                ),
            )]
        }
        Ok(checked) => checked.rotten.iter().map(rotten).collect(),
        Err(error) => {
            let remedy = error.remedy_text().unwrap_or("look again when that is mended").to_owned();
            vec![bad(NAME, Outcome::Failed, error.message(), remedy)]
        }
    }
}

async fn read_all(settings: &Settings, library: bool) -> Result<DeepChecked> {
    let options = StoreOptions { migrate: false, ..StoreOptions::default() };
    let store = Store::open_with_cache(&settings.data_dir, &settings.cache_dir(), &options).await?;
    let bar = bar("reading");
    let mut show = |step: fanfare_store::DeepStep| {
        bar.set_length(step.files);
        bar.set_position(step.done);
        bar.set_message(bytes(step.bytes));
    };
    let checked = store.catalog().check_deeply(library, &mut show).await;
    bar.finish_and_clear();
    store.close().await;
    checked
}

fn rotten(file: &Rotten) -> Check {
    let found = match file.found {
        Found::Missing => "is missing",
        Found::Damaged => "is damaged: its bytes are not those that were written",
        Found::Unreadable => "cannot be read: its disk fails",
    };
    let of = match file.tracks.as_slice() {
        [] => String::new(),
        titles => format!(
            " (of {})",
            titles.iter().map(|title| format!("“{title}”")).collect::<Vec<_>>().join(", ")
        ),
    };
    let remedy = match file.kind {
        "cache" => "run `fanfare cache refresh --all`: it can be made again",
        "library" => "put the file back from a copy, and check that disk",
        "upload" => {
            "send the same file again; or restore a backup (`fanfare restore DIR`) into another folder and copy that file from \
             there; and check the disk"
        }
        _ => {
            "restore a backup (`fanfare restore DIR`) into another folder and copy that file from there, and check the disk"
        }
    };
    bad(NAME, Outcome::Failed, format!("{} {}{of} {found}", file.kind, file.name), remedy)
}
