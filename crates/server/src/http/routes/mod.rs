//! The routes, by what they are about, and the service that they make.

mod audio;
mod browse;
mod cache;
mod catalog;
mod covers;
mod events;
mod folders;
mod hls;
mod jobs;
mod list;
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

use std::sync::{Arc, LazyLock};

use axum::{Extension, extract::DefaultBodyLimit, middleware};
use http::{Extensions, HeaderMap, StatusCode, Version};
use tower_http::compression::{CompressionLayer, Predicate as _, predicate::SizeAbove};

use super::{
    gate::{Gate, gate},
    head, headers, observe,
    openapi::{Document, render},
    state::HttpState,
};

/// The largest request body: every body is a small JSON object.
const BODY_BYTES: usize = 64 * 1024;

/// Smaller answers are sent as they are: compressing them saves nothing.
const COMPRESS_FROM_BYTES: u64 = 1024;

/// The document as it is served at `/api/v1/openapi.json` and committed as `docs/openapi.json`.
///
/// Made once per process: anybody may ask for it, and making it takes far longer than sending it.
#[must_use]
pub fn openapi_json() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        let (_, _, document) = list::table().finish();
        render(&document)
    });
    &DOCUMENT
}

/// The whole service: the table behind the gate, the pages as fallback, and what wraps every answer.
pub fn router(state: HttpState) -> axum::Router {
    let (router, rules, _) = list::table().finish();
    let gates = Gate { state: state.clone(), rules: Arc::new(rules) };
    router
        .fallback(pages::page)
        // The innermost layer is the first here.
        .layer(Extension(Document(openapi_json)))
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
