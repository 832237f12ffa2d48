//! `fanfare cache ...`: transcodes, straight in the data folder, with or without a running server.
//!
//! What is looked at ([`look`]) is what the API answers too: both ask `fanfare_delivery::Examiner`. Making files needs a worker:
//! that of the running server ([`remote`]), or one of this command's own ([`warm`]).

mod look;
mod opened;
mod remote;
mod scope;
mod show;
mod status;
mod warm;

use std::io::{self, BufRead as _, IsTerminal as _};

use fanfare_ingest::Which;
use fanfare_model::{
    Error, ErrorKind, Quality, TrackId,
    words::{bytes, count},
};
pub(super) use opened::in_store;

use super::{
    command_line::{CacheArgs, CacheCommand, PlaceArgs, ScopeArgs},
    exit::{Exit, SUCCESS},
    output::{self, Done},
};
use crate::http::clock::now;

const DAY_MS: i64 = 86_400_000;

/// Runs the command.
pub fn run(args: &CacheArgs) -> Done {
    match &args.command {
        CacheCommand::Status { json, place } => status::run(*json, place),
        CacheCommand::Warm { args, overwrite } => {
            warm::run(args, if *overwrite { Which::All } else { Which::Missing })
        }
        CacheCommand::Refresh(args) => warm::run(args, Which::Outdated),
        CacheCommand::Verify { scope, quality, json, place } => look::verify(scope, quality, *json, place),
        CacheCommand::Explain { what, json, place } => look::explain(what, *json, place),
        CacheCommand::Clear { scope, older_than_days, quality, yes, place } => {
            clear(scope, *older_than_days, *quality, *yes, place)
        }
    }
}

fn clear(
    of: &ScopeArgs,
    older_than_days: Option<u32>,
    quality: Option<Quality>,
    yes: bool,
    place: &PlaceArgs,
) -> Done {
    if quality == Some(Quality::Original) {
        return Err(Error::new(ErrorKind::Invalid, "originals are not in the cache").into());
    }
    if !yes {
        let remedy = || {
            Error::new(ErrorKind::Invalid, "files are removed only when that is confirmed")
                .remedy("add --yes; what is removed can be made again")
        };
        if !io::stdin().is_terminal() {
            return Err(remedy().into());
        }
        output::note("Transcodes are removed; they can be made again. Go on? [y/N]");
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        if read.is_err() || !matches!(answer.trim(), "y" | "Y" | "yes") {
            return Err(remedy().into());
        }
    }
    let (removed, freed) = in_store(place, async |_, store| {
        let before = older_than_days.map(|days| now().plus_ms(-i64::from(days) * DAY_MS));
        let catalog = store.catalog();
        let Some(tracks) = scope::of(store, of).await? else {
            return catalog.clear_cached(before, quality, None).await;
        };
        let (mut removed, mut freed) = (0, 0);
        let mut pages = tracks.pages(store);
        while let Some(rows) = pages.next().await? {
            let ids: Vec<TrackId> = rows.iter().map(|row| row.track.id).collect();
            let cleared = catalog.clear_cached(before, quality, Some(&ids)).await?;
            (removed, freed) = (removed + cleared.0, freed + cleared.1);
        }
        Ok((removed, freed))
    })?;
    output::line(format_args!("{} removed, {} freed", count(removed, "file"), bytes(freed)))?;
    Ok(Exit(SUCCESS))
}
