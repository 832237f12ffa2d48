//! Connections: accepted up to a number, closed when headers are slow, drained at shutdown.
//!
//! HTTP/1.1 only: HTTP/2 needs TLS in browsers, which a proxy in front brings along, and its frame floods need not be our worry.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::sockopt;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use super::{
    descriptors::Shares,
    draining::{self, Activity},
    extract::Peer,
    head::HEAD_BYTES,
    shipping,
    wire::{Outbox, Wire},
};
use crate::native::{handshakes::begin_no_more, queue};

/// How long the header fields of a request may take to arrive; also how long an idle connection is kept.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an idle connection is kept while others wait for a place.
const CROWDED: Duration = Duration::from_secs(1);

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

/// How long a handshake that was begun before the end may take: far more than a packet there and back.
const HANDSHAKES_END: Duration = Duration::from_millis(300);

/// How long to wait after `accept` failed (no descriptor free) before it is tried again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often that is logged while it lasts.
const SAID_EVERY: Duration = Duration::from_secs(10);

/// Accepts until `closing`, then lets what is under way end, at most [`ANSWERS_END`](draining::ANSWERS_END).
pub async fn run(
    listener: TcpListener,
    router: Router,
    closing: &CancellationToken,
    header_timeout: Duration,
) {
    let places = Arc::new(Semaphore::new(Shares::here().connections));
    // How long a connection may be idle, where that is less than the limit on header fields.
    let (may_stay, _) = watch::channel(None);
    let open = Open { router, closing: closing.clone(), header_timeout, may_stay, ..Open::default() };
    let mut said = None;
    loop {
        let accepted = tokio::select! {
            biased;
            () = closing.cancelled() => break,
            accepted = accept(&listener, &places, &open.may_stay, &mut said) => accepted,
        };
        if let Some((stream, peer, place)) = accepted {
            open.serve(stream, peer, Some(place));
        }
    }
    open.may_stay.send_replace(Some(draining::IDLE_GRACE));
    let (_, in_time) =
        tokio::join!(open.end(listener), draining::drain(|| open.activities(), open.tracker.wait()),);
    if !in_time {
        tracing::warn!("answers that could not end in time were cut off");
    }
    open.cut.cancel();
    open.tracker.wait().await;
}

/// The connections that are open.
#[derive(Default)]
struct Open {
    router: Router,
    closing: CancellationToken,
    header_timeout: Duration,
    may_stay: watch::Sender<Option<Duration>>,
    activities: Mutex<Vec<Weak<Activity>>>,
    tracker: TaskTracker,
    /// Ends every connection at once.
    cut: CancellationToken,
}

impl Open {
    fn activities(&self) -> Vec<Arc<Activity>> {
        let activities = self.activities.lock().unwrap_or_else(PoisonError::into_inner);
        activities.iter().filter_map(Weak::upgrade).collect()
    }

    fn note(&self, activity: &Arc<Activity>) {
        let mut activities = self.activities.lock().unwrap_or_else(PoisonError::into_inner);
        if activities.len() == activities.capacity() {
            activities.retain(|activity| activity.strong_count() > 0);
        }
        activities.push(Arc::downgrade(activity));
    }

    /// Ends a listener: no new handshake begins, and connections whose handshake had begun get an answer.
    async fn end(&self, listener: TcpListener) {
        if let Err(error) = begin_no_more(&listener) {
            tracing::debug!(%error, "a connection that begins while the listener closes may be reset");
        }
        let until = Instant::now() + HANDSHAKES_END;
        while let Ok(accepted) = tokio::time::timeout_at(until, listener.accept()).await {
            match accepted {
                Ok((stream, peer)) => self.serve(stream, peer, None),
                // No descriptor is free, or the client has closed the connection already.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE / 10).await,
            }
        }
        self.tracker.close();
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr, place: Option<OwnedSemaphorePermit>) {
        let activity = Arc::new(Activity::default());
        self.note(&activity);
        let (wire, outbox) = Wire::watched(stream, Arc::clone(&activity));
        let service = service(self.router.clone(), peer, outbox, Arc::clone(&activity), self.closing.clone());
        let connection = http1(self.header_timeout).serve_connection(TokioIo::new(wire), service);
        let (cut, closing, may_stay) = (self.cut.clone(), self.closing.clone(), self.may_stay.subscribe());
        self.tracker.spawn(async move {
            let mut connection = connection;
            let mut asked = false;
            let ended = loop {
                tokio::select! {
                    biased;
                    ended = &mut connection => break Some(ended),
                    () = cut.cancelled() => break None,
                    () = activity.is_idle(may_stay.clone()), if !asked => {
                        if closing.is_cancelled() {
                            activity.end_idle();
                        }
                        if !activity.has_answered() {
                            break None; // hyper would wait for the rest of a first request
                        }
                        asked = true;
                        Pin::new(&mut connection).graceful_shutdown();
                    }
                }
            };
            match ended {
                Some(Ok(())) => {}
                // A client that leaves is no news for more than the curious.
                Some(Err(error)) => tracing::trace!(%error, "a connection ended early"),
                None if closing.is_cancelled() && activity.end_idle() => {
                    let _gone = connection.into_parts().io.into_inner().shutdown().await;
                }
                None => {}
            }
            drop(place);
        });
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    may_stay: &watch::Sender<Option<Duration>>,
    said: &mut Option<Instant>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = match Arc::clone(places).try_acquire_owned() {
        Ok(place) => place,
        Err(_) => {
            // Connections on which nothing happens make room.
            may_stay.send_replace(Some(CROWDED));
            let place = Arc::clone(places).acquire_owned().await.ok()?;
            may_stay.send_replace(None);
            place
        }
    };
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
    activity: Arc<Activity>,
    closing: CancellationToken,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = Infallible,
    Future = impl Future<Output = Result<axum::response::Response, Infallible>> + Send,
> {
    hyper::service::service_fn(move |request: Request<Incoming>| {
        let (router, outbox, activity) = (router.clone(), outbox.clone(), Arc::clone(&activity));
        let closing = closing.clone();
        let refused = closing.is_cancelled();
        activity.works();
        async move {
            if refused {
                return Ok(draining::followed(draining::refusal(), &activity));
            }
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            let response = tokio::select! {
                answer = router.oneshot(request) => answer.map(|response| shipping::ship(response, &outbox))?,
                () = activity.refuse.cancelled() => draining::refusal(),
            };
            let response = if closing.is_cancelled() { draining::last(response) } else { response };
            Ok(draining::followed(response, &activity))
        }
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

    /// Issue 12: a request that arrives while its connection ends is answered, and no answer is lost to a reset.
    #[tokio::test]
    async fn whatever_was_sent_when_the_server_ends_is_answered() {
        for sent in [
            &b""[..],                       // may be about to ask
            b"GET / HTTP/1.1\r\nhost: loc", // half a request
            b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\nthe begin", // waits for its body
        ] {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let address = listener.local_addr().unwrap();
            let closing = CancellationToken::new();
            let read = routing::post(|body: axum::body::Bytes| async move { body.len().to_string() });
            let router = Router::new().route("/", read.get(|| async { "here" }));
            let stop = closing.clone();
            let server = tokio::spawn(async move { run(listener, router, &stop, HEADER_TIMEOUT).await });
            let mut fresh = TcpStream::connect(address).await.unwrap();
            let mut kept = TcpStream::connect(address).await.unwrap();
            kept.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
            let mut first = Vec::new();
            while !first.ends_with(b"here") {
                assert_ne!(kept.read_buf(&mut first).await.unwrap(), 0);
            }
            fresh.write_all(sent).await.unwrap();
            kept.write_all(sent).await.unwrap();
            closing.cancel();
            for mut stream in [fresh, kept] {
                let mut answer = Vec::new();
                // When the answer can be read, the server has closed its half; for a while, what is sent then causes no reset.
                assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
                stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
                stream.read_to_end(&mut answer).await.unwrap();
                let answer = String::from_utf8(answer).unwrap();
                assert!(answer.starts_with("HTTP/1.1 503 "), "{sent:?}: {answer}");
                assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
            }
            server.await.unwrap();
            let refused = TcpStream::connect(address).await.unwrap_err();
            assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        }
    }
}
