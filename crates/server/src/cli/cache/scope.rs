//! Which tracks a command means.

use std::path::{Path, PathBuf};

use fanfare_ingest::WarmScope;
use fanfare_model::{Error, ErrorKind, Result, TrackId};
use fanfare_store::{Store, TrackQuery};

use crate::cli::{command_line::ScopeArgs, output::printable};

/// The tracks that were named; `None` when nothing was.
pub(super) async fn of(store: &Store, args: &ScopeArgs) -> Result<Option<WarmScope>> {
    let query = |query| Ok(Some(WarmScope::Query(query)));
    if args.all {
        return query(TrackQuery::default());
    }
    if let Some(search) = &args.search {
        return query(TrackQuery { search: Some(search.clone()), ..TrackQuery::default() });
    }
    if let Some(release) = &args.release {
        return query(TrackQuery { release: Some(release.parse()?), ..TrackQuery::default() });
    }
    if args.paths.is_empty() {
        return Ok(None);
    }
    let mut tracks = Vec::new();
    for path in &args.paths {
        let below = below(store, path).await?;
        if below.is_empty() {
            return Err(not_in_library(path));
        }
        tracks.extend(below);
    }
    let mut seen = std::collections::HashSet::new();
    tracks.retain(|id| seen.insert(*id));
    Ok(Some(WarmScope::Tracks(tracks)))
}

/// All tracks, where nothing was named.
pub(super) fn everything() -> WarmScope {
    WarmScope::Query(TrackQuery::default())
}

/// The error for a path that leads to no track.
pub(super) fn not_in_library(path: &Path) -> Error {
    let shown = printable(&path.to_string_lossy());
    Error::new(ErrorKind::NotFound, format!("no track of the library lies at {shown}"))
        .remedy("check the path; `fanfare scan DIR` adds a folder to the library, and what is new in it")
}

/// The tracks of the library at or below that path, as it is written or as links lead.
pub(super) async fn below(store: &Store, path: &Path) -> Result<Vec<TrackId>> {
    let absolute = std::path::absolute(path).map_err(|error| Error::from_io(path.display(), error))?;
    let looked = absolute.clone();
    let real = tokio::task::spawn_blocking(move || looked.canonicalize().ok()).await.ok().flatten();
    let ways: [Option<PathBuf>; 2] = [Some(absolute), real];
    for way in ways.into_iter().flatten() {
        let found = store.catalog().tracks_below(&way).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}
