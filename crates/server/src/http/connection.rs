//! Connections: accepted up to a number, closed when headers are slow, drained at shutdown.
//!
//! HTTP/1.1 only: HTTP/2 needs TLS in browsers, which a proxy in front brings along, and its frame floods need not be our worry.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::extract::Peer;

/// How long the header fields of a request may take to arrive; also how long an idle connection is kept.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long answers under way may take to end at shutdown.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Header fields of one request, in number and bytes.
const MAX_HEADERS: usize = 64;
const HEADER_BYTES: usize = 32 * 1024;

/// Connections at the same time; more wait in the kernel's queue. Half of the descriptors, so that files can still be opened.
const CONNECTIONS: usize = 512;

/// How long to wait after `accept` failed (no descriptor free) before it is tried again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until `closing`, then lets what is under way end, at most [`DRAIN_TIMEOUT`].
pub async fn run(
    listener: TcpListener,
    router: Router,
    closing: &CancellationToken,
    header_timeout: Duration,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = closing.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let connection =
            http1(header_timeout).serve_connection(TokioIo::new(stream), service(router.clone(), peer));
        let watched = graceful.watch(connection);
        let cut = cut.clone();
        tokio::spawn(async move {
            tokio::select! {
                ended = watched => {
                    if let Err(error) = ended {
                        // A client that leaves is no news for more than the curious.
                        tracing::trace!(%error, "a connection ended early");
                    }
                }
                () = cut.cancelled() => {}
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("answers that were still under way were cut off");
    }
    cut.cancel();
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Small answers should leave at once.
            let _ = stream.set_nodelay(true);
            Some((stream, peer, place))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

fn http1(header_timeout: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // Without a timer hyper would not measure time and the limit below would do nothing.
    builder.timer(TokioTimer::new()).header_read_timeout(header_timeout);
    builder.max_headers(MAX_HEADERS).max_buf_size(HEADER_BYTES);
    builder
}

fn service(
    router: Router,
    peer: SocketAddr,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = Infallible,
    Future = impl Future<Output = Result<axum::response::Response, Infallible>> + Send,
> {
    hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request)
    })
}
