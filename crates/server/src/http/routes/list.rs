//! Every route with who may use it.

use fanfare_model::Access::{Listener, Owner, Public};
use utoipa_axum::routes;

use super::{
    audio, browse, cache, catalog, covers, events, folders, hls, jobs, mixtape_covers, mixtapes, people,
    playlists, quarantine, server, session, settings, shared, shares, tasks, tracks, uploads, waveform,
};
use crate::http::{openapi, table::Table};

/// Every route with who may use it.
#[must_use]
pub fn table() -> Table {
    work(listening(library(of_people(Table::new(openapi::base())))))
}

/// The server itself, and who may use it.
fn of_people(table: Table) -> Table {
    table
        .add(Public, routes!(server::status))
        .add(Public, routes!(server::document))
        .add(Public, routes!(server::live))
        .add(Public, routes!(server::ready))
        .add(Owner, routes!(server::metrics))
        .add(Public, routes!(session::setup))
        .add(Public, routes!(session::login))
        .add(Listener, routes!(session::logout))
        .add(Listener, routes!(session::me))
        .add(Listener, routes!(session::change_password))
        .add(Owner, routes!(people::users, people::add_user))
        .add(Owner, routes!(people::remove_user))
        .add(Listener, routes!(people::keys, people::add_key))
        .add(Listener, routes!(people::remove_key))
}

/// What there is to play, and playing it.
fn library(table: Table) -> Table {
    table
        .add(Listener, routes!(browse::library))
        .add(Listener, routes!(browse::artists))
        .add(Listener, routes!(browse::artist))
        .add(Listener, routes!(browse::releases))
        .add(Listener, routes!(browse::release))
        .add(Listener, routes!(browse::gain))
        .add(Listener, routes!(covers::release_cover))
        .add(Listener, routes!(tracks::tracks))
        .add(Listener, routes!(uploads::upload))
        .add(Listener, routes!(tracks::track))
        .add(Owner, routes!(tracks::change_track))
        .add(Owner, routes!(tracks::delete_track))
        // These ask `open_to` who may see the track.
        .add(Public, routes!(tracks::features))
        .add(Public, routes!(waveform::waveform))
        .add(Public, routes!(waveform::waveform_dat))
        .add(Public, routes!(waveform::waveform_columns))
        .add(Public, routes!(covers::track_cover))
        .add(Public, routes!(catalog::catalog))
        .add(Owner, routes!(tracks::retry_track))
        .add(Listener, routes!(audio::audio))
        .add(Public, routes!(hls::variants))
        .add(Public, routes!(hls::transport_variants))
        .add(Public, routes!(hls::file))
}

/// Transcodes, files without a track, mixtapes and public links.
fn listening(table: Table) -> Table {
    table
        .add(Listener, routes!(cache::cache))
        .add(Listener, routes!(cache::explain))
        .add(Owner, routes!(cache::warm))
        .add(Owner, routes!(cache::refresh))
        .add(Owner, routes!(cache::verify))
        .add(Owner, routes!(cache::clear))
        .add(Owner, routes!(quarantine::quarantine, quarantine::empty_quarantine))
        .add(Owner, routes!(quarantine::delete_quarantined))
        .add(Owner, routes!(quarantine::restore_upload))
        .add(Listener, routes!(mixtapes::mixtapes, mixtapes::create_mixtape))
        .add(Listener, routes!(playlists::import_mixtape))
        // Those that change one ask whether it is the caller's.
        .add(Listener, routes!(mixtapes::mixtape, mixtapes::change_mixtape, mixtapes::delete_mixtape))
        .add(Listener, routes!(mixtapes::duplicate_mixtape))
        .add(Listener, routes!(cache::mixtape_cache, cache::warm_mixtape))
        .add(
            Listener,
            routes!(mixtape_covers::mixtape_cover, mixtape_covers::give_cover, mixtape_covers::take_cover),
        )
        .add(Listener, routes!(playlists::export_mixtape))
        .add(Listener, routes!(shares::shares, shares::add_share))
        .add(Listener, routes!(shares::remove_share))
        // These ask `guest` who has opened what.
        .add(Public, routes!(shared::open_share))
        .add(Public, routes!(shared::shared_cover))
        .add(Public, routes!(shared::shared_audio))
        .add(Public, routes!(shared::shared_track_cover))
        .add(Public, routes!(shared::shared_waveform))
}

/// Folders, settings, and the work on tracks.
fn work(table: Table) -> Table {
    table
        .add(Owner, routes!(folders::folders, folders::add_folder))
        .add(Owner, routes!(folders::remove_folder))
        .add(Owner, routes!(folders::remove_missing))
        .add(Owner, routes!(folders::scan))
        .add(Owner, routes!(settings::settings, settings::change_settings))
        .add(Listener, routes!(tasks::tasks))
        .add(Listener, routes!(tasks::schedule))
        .add(Owner, routes!(tasks::run_schedule))
        .add(Listener, routes!(tasks::task))
        .add(Owner, routes!(tasks::cancel_task))
        .add(Owner, routes!(tasks::retry_task))
        .add(Owner, routes!(jobs::parked))
        .add(Owner, routes!(jobs::retry_all_parked))
        .add(Owner, routes!(jobs::retry_parked))
        .add(Owner, routes!(jobs::discard_parked))
        .add(Listener, routes!(events::events))
        .add(Listener, routes!(events::task_events))
}
