//! Every request gets an id, a span, a count, a time limit, and an answer even when its handler panics.

use std::{
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use fanfare_model::ErrorKind;
use fanfare_store::Patience;
use futures_util::FutureExt as _;
use http::HeaderValue;
use tracing::Instrument as _;

use super::{clock, problem::Problem, state::HttpState};

/// How long a handler may take until its answer begins. (Bodies of audio and events stream on after that.)
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The same where an image or a playlist has to come first.
const BODY_TIMEOUT: Duration = Duration::from_secs(90);
/// How long a request may wait in all for the right to write, while others write or hold the database: with that, an
/// answer (503 in the end) is there within 5 s.
const WRITE_WAIT: Duration = Duration::from_secs(4);

/// How long that may take. An upload is answered when all of it came, however long that takes; [`super::multipart`] and
/// [`super::body`] see to it that it comes.
fn patience(method: &http::Method, route: &str) -> Duration {
    match (method.as_str(), route) {
        ("POST", "/api/v1/tracks") => Duration::MAX,
        ("PUT", "/api/v1/mixtapes/{slug}/cover") | ("POST", "/api/v1/mixtapes/import") => BODY_TIMEOUT,
        _ => ANSWER_TIMEOUT,
    }
}

/// The header that names the request in the log.
const REQUEST_ID: &str = "x-request-id";

/// Wraps a request in all of that. The span holds the route's template, never the address or its query.
pub async fn observe(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let id = next_id();
    let method = known_method(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", %id, method, %route);
    let begun = Instant::now();
    let patience = patience(request.method(), &route);
    let answer = Patience::new(WRITE_WAIT).over(next.run(request));
    let work = AssertUnwindSafe(tokio::time::timeout(patience, answer)).catch_unwind();
    let mut response = async {
        let response = match work.await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => Problem::new(ErrorKind::Timeout, "the answer took too long").into_response(),
            // The panic hook has logged where; the payload may hold anything and is dropped.
            Err(_) => Problem::new(ErrorKind::Internal, "a handler panicked").into_response(),
        };
        let took = begun.elapsed();
        let status = response.status().as_u16();
        tracing::debug!(status, took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), "answered");
        state.metrics.count(method, &route, status, took);
        response
    }
    .instrument(span)
    .await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Unique within a run and, by its time part, very likely across runs. It is a name, not a secret.
fn next_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{:x}-{:x}", clock::now().0, COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Methods are the client's words: unknown ones are counted as one.
fn known_method(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
