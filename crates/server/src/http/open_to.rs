//! Who may see a track: everybody signed in, and of a published one everybody.
//!
//! Routes of single tracks that are `public` in the table ask here first. To a guest who is not signed in, a track that is
//! not published, or whose file is missing, looks like one that does not exist.

use fanfare_model::{Presence, TrackId, TrackState};
use fanfare_store::TrackRow;

use super::{
    caller::MaybeCaller,
    problem::{Answer, Problem},
    state::HttpState,
};

/// The track, if this caller may see it.
///
/// # Errors
/// `NotFound` where there is none, or none that the caller may see; errors of the store.
pub async fn track_for(state: &HttpState, caller: &MaybeCaller, id: TrackId) -> Answer<TrackRow> {
    let row = state.store.catalog().track(id).await?;
    let is_public =
        |row: &TrackRow| row.track.state == TrackState::Published && row.track.presence == Presence::Here;
    let seen = row.filter(|row| caller.0.is_some() || is_public(row));
    seen.ok_or_else(|| {
        let problem = Problem::not_found("track");
        if caller.0.is_some() { problem } else { problem.remedy("sign in: it may not be public") }
    })
}
