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
use rustix::net::sockopt;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::{
    descriptors::Shares,
    extract::Peer,
    head::HEAD_BYTES,
    shipping,
    wire::{Outbox, Wire},
};
use crate::native::queue;

/// How long the header fields of a request may take to arrive; also how long an idle connection is kept.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long answers under way may take to end at shutdown.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Header fields of one request.
const MAX_HEADERS: usize = 64;
/// What hyper holds of a request before it gives up. How long a head may be to the byte is said by [`super::head`]; hyper
/// lets somewhat more pass, by how the bytes happen to come in.
const BUFFER_BYTES: usize = 2 * HEAD_BYTES;

/// A connection that says nothing for this long is asked whether its other end is still there (TCP keep-alive).
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);
/// How often it is asked, and how many times without an answer before it is given up.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TRIES: u32 = 3;

/// How long to wait after `accept` failed (no descriptor free) before it is tried again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often that is logged while it lasts.
const SAID_EVERY: Duration = Duration::from_secs(10);

/// Accepts until `closing`, then lets what is under way end, at most [`DRAIN_TIMEOUT`].
pub async fn run(
    listener: TcpListener,
    router: Router,
    closing: &CancellationToken,
    header_timeout: Duration,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(Shares::here().connections));
    let cut = CancellationToken::new();
    let mut said = None;
    loop {
        let accepted = tokio::select! {
            biased;
            () = closing.cancelled() => break,
            accepted = accept(&listener, &places, &mut said) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let (wire, outbox) = Wire::new(stream);
        let connection =
            http1(header_timeout).serve_connection(TokioIo::new(wire), service(router.clone(), peer, outbox));
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
    said: &mut Option<Instant>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            prepare(&stream);
            Some((stream, peer, place))
        }
        Err(error) => {
            // The client waits in the kernel's queue meanwhile.
            if said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
                tracing::warn!(%error, "connections cannot be accepted at the moment");
                *said = Some(Instant::now());
            }
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// Small answers leave at once, and an end that vanished is noticed. Where the system refuses, it works less well.
fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    queue::bound(stream);
    let _ = sockopt::set_socket_keepalive(stream, true);
    let _ = sockopt::set_tcp_keepidle(stream, KEEP_ALIVE_AFTER);
    let _ = sockopt::set_tcp_keepintvl(stream, KEEP_ALIVE_EVERY);
    let _ = sockopt::set_tcp_keepcnt(stream, KEEP_ALIVE_TRIES);
}

fn http1(header_timeout: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // Without a timer hyper would not measure time and the limit below would do nothing.
    builder.timer(TokioTimer::new()).header_read_timeout(header_timeout);
    builder.max_headers(MAX_HEADERS).max_buf_size(BUFFER_BYTES);
    builder
}

fn service(
    router: Router,
    peer: SocketAddr,
    outbox: Outbox,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = Infallible,
    Future = impl Future<Output = Result<axum::response::Response, Infallible>> + Send,
> {
    hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let (answer, outbox) = (router.clone().oneshot(request), outbox.clone());
        async move { answer.await.map(|response| shipping::ship(response, &outbox)) }
    })
}

#[cfg(test)]
mod tests {
    use axum::routing;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// hyper measures nothing unless a timer is installed, so this asks the real thing.
    #[tokio::test]
    async fn slow_headers_and_idle_connections_are_closed() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let closing = CancellationToken::new();
        let router = Router::new().route("/", routing::get(|| async { "here" }));
        let stop = closing.clone();
        let server =
            tokio::spawn(async move { run(listener, router, &stop, Duration::from_millis(100)).await });
        for (sent, answered) in [
            (&b""[..], false),
            (b"GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ", false),
            (b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", true),
            (b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\nGET / HT", true),
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(sent).await.unwrap();
            // Reads until the server closes: without a time limit this would never end.
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            let answer = String::from_utf8(answer).unwrap();
            assert_eq!(answer.contains("here"), answered, "{answer}");
        }
        closing.cancel();
        server.await.unwrap();
    }
}
