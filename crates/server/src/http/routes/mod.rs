//! The routes, by what they are about, and the table that joins them.

mod audio;
mod browse;
mod cache;
mod catalog;
mod covers;
mod events;
mod folders;
mod hls;
mod jobs;
mod mixtape_covers;
mod mixtapes;
mod pages;
mod people;
pub(crate) mod playlists;
mod quarantine;
mod server;
mod session;
mod settings;
mod shared;
mod shares;
mod tasks;
mod tracks;
mod uploads;
mod waveform;

use std::sync::Arc;

use axum::{extract::DefaultBodyLimit, middleware};
use fanfare_model::Access::{Listener, Owner, Public};
use http::{Extensions, HeaderMap, StatusCode, Version};
use tower_http::compression::{CompressionLayer, Predicate as _, predicate::SizeAbove};
use utoipa_axum::routes;

use super::{
    gate::{Gate, gate},
    head, headers, observe, openapi,
    state::HttpState,
    table::Table,
};

/// The largest request body: every body is a small JSON object.
const BODY_BYTES: usize = 64 * 1024;

/// Smaller answers are sent as they are: compressing them saves nothing.
const COMPRESS_FROM_BYTES: u64 = 1024;

/// Every route with who may use it.
#[must_use]
pub fn table() -> Table {
    Table::new(openapi::base())
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

/// The whole service: the table behind the gate, the pages as fallback, and what wraps every answer.
pub fn router(state: HttpState) -> axum::Router {
    let (router, rules, _) = table().finish();
    let gates = Gate { state: state.clone(), rules: Arc::new(rules) };
    router
        .fallback(pages::page)
        // The innermost layer is the first here.
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn_with_state(gates, gate))
        .layer(
            CompressionLayer::new().compress_when(SizeAbove::new(COMPRESS_FROM_BYTES).and(worth_compressing)),
        )
        .layer(middleware::from_fn(head::check))
        .layer(middleware::from_fn(headers::secure))
        .layer(middleware::from_fn_with_state(state.clone(), observe::observe))
        .with_state(state)
}

/// Text of some size is compressed; never audio (already compressed, and ranges count its bytes), never events (they
/// must leave at once).
fn worth_compressing(_: StatusCode, _: Version, fields: &HeaderMap, _: &Extensions) -> bool {
    is_text(fields) && !fields.contains_key(headers::AT_ONCE)
}

fn is_text(headers: &HeaderMap) -> bool {
    const TEXT: &[&str] = &[
        "application/json",
        "application/problem+json",
        "application/manifest+json",
        "image/svg+xml",
        "text/html",
        "text/css",
        "text/javascript",
        "text/plain",
    ];
    let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|given| TEXT.iter().any(|text| given.split(';').next() == Some(text)))
}
