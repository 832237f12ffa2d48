//! [`LiveRequests`]: live streams that the server asked a worker for, until the worker opens them.
//!
//! A request is a command to the worker and the content by which the stream that the worker opens is recognized. A request
//! that was told to a worker which ended is told to the next one, once: what ends every worker must not end them for ever.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use fanfare_channel::{IncomingStream, Reason, StreamReader, protocol::WorkerCommand};
use fanfare_model::{Error, ErrorKind, Result};
use tokio::sync::oneshot;

/// Requests that wait at most: as many as a channel may have streams.
const MAX_WAITING: usize = fanfare_channel::MAX_STREAMS;
/// Workers that a request is told to at most.
const MAX_WORKERS: u32 = 2;
/// How long a worker may take to start and to open the stream.
const OPEN_WAIT: Duration = Duration::from_secs(30);

/// The requests that wait. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct LiveRequests(Arc<Mutex<HashMap<Bytes, Request>>>);

#[derive(Debug)]
struct Request {
    command: WorkerCommand,
    window_bytes: u32,
    opened: oneshot::Sender<Result<StreamReader>>,
    /// Whether the present worker was told.
    told: bool,
    /// How many workers were told.
    workers: u32,
}

/// One request of a caller. Dropped, it is withdrawn.
#[derive(Debug)]
pub(super) struct Waiting {
    requests: LiveRequests,
    content: Bytes,
    opened: oneshot::Receiver<Result<StreamReader>>,
}

impl LiveRequests {
    /// Adds a request.
    ///
    /// # Errors
    /// `Busy` when too many wait; `Conflict` when one with that content does.
    pub(super) fn add(&self, content: Bytes, window_bytes: u32, command: WorkerCommand) -> Result<Waiting> {
        let mut requests = self.all();
        if requests.contains_key(&content) {
            return Err(Error::new(ErrorKind::Conflict, "that live stream was requested already"));
        }
        if requests.len() >= MAX_WAITING {
            return Err(Error::new(ErrorKind::Busy, "too many live streams are being started")
                .remedy("try again in a minute"));
        }
        let (sender, opened) = oneshot::channel();
        let request = Request { command, window_bytes, opened: sender, told: false, workers: 0 };
        requests.insert(content.clone(), request);
        Ok(Waiting { requests: self.clone(), content, opened })
    }

    /// The commands that the present worker was not told; it is told them now.
    pub(super) fn take_untold(&self) -> Vec<WorkerCommand> {
        let mut commands = Vec::new();
        for request in self.all().values_mut().filter(|request| !request.told) {
            (request.told, request.workers) = (true, request.workers + 1);
            commands.push(request.command.clone());
        }
        commands
    }

    /// Passes a stream that the worker opened to the caller that requested it. A stream without a request is refused.
    pub(super) fn open(&self, stream: IncomingStream) {
        let request = self.all().remove(stream.content());
        match request {
            // A caller that is gone drops the reader, which ends the stream.
            Some(request) => drop(request.opened.send(Ok(stream.accept(request.window_bytes)))),
            None => stream.refuse(Reason::new(ErrorKind::Cancelled, "no request waits for this live stream")),
        }
    }

    /// The worker ended. Requests that were told to too many workers end with an error; the next worker is told the others.
    pub(super) fn worker_ended(&self) {
        let mut requests = self.all();
        for request in requests.values_mut() {
            request.told = false;
        }
        for (_, request) in requests.extract_if(|_, request| request.workers >= MAX_WORKERS) {
            let error =
                Error::new(ErrorKind::Unavailable, "the worker ended before it opened the live stream");
            let _caller_is_gone = request.opened.send(Err(error.remedy("try again")));
        }
    }

    /// Ends all requests: no worker is started any more.
    pub(super) fn close(&self) {
        for (_, request) in self.all().drain() {
            let error = Error::new(ErrorKind::Unavailable, "the server stops");
            let _caller_is_gone = request.opened.send(Err(error));
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Bytes, Request>> {
        // Every change is one operation of the map, or of one entry.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Waits until `sent` has passed the request on and the worker has opened the stream.
    ///
    /// # Errors
    /// `Unavailable` when the worker ended, or the server stops; `Timeout`.
    pub(super) async fn opened(mut self, sent: impl Future<Output = bool>) -> Result<StreamReader> {
        let stops = || Error::new(ErrorKind::Unavailable, "the server stops");
        let opened = async {
            if !sent.await {
                return Err(stops());
            }
            (&mut self.opened).await.map_err(|_| stops())?
        };
        tokio::time::timeout(OPEN_WAIT, opened).await.unwrap_or_else(|_| {
            let message = format!("the worker did not open the live stream within {} s", OPEN_WAIT.as_secs());
            Err(Error::new(ErrorKind::Timeout, message).remedy("try again"))
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Another caller's request with the same content may have taken its place once this one was answered.
        self.opened.close();
        let mut requests = self.requests.all();
        if requests.get(&self.content).is_some_and(|request| request.opened.is_closed()) {
            requests.remove(&self.content);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(number: usize) -> Bytes {
        Bytes::from(number.to_string())
    }

    #[test]
    fn sixty_four_requests_wait_and_no_more() {
        let requests = LiveRequests::default();
        let add = |number| requests.add(content(number), 0, WorkerCommand::Wake);
        let waiting: Vec<_> = (0..MAX_WAITING).map(|number| add(number).unwrap()).collect();
        assert_eq!((waiting.len(), add(64).unwrap_err().kind()), (64, ErrorKind::Busy));
        assert_eq!(add(0).unwrap_err().kind(), ErrorKind::Conflict);
        drop(waiting);
        let again = add(0).unwrap();
        drop(again);
        assert!(requests.take_untold().is_empty());
    }

    #[tokio::test]
    async fn a_request_survives_one_worker_and_not_two() {
        let requests = LiveRequests::default();
        let waiting = requests.add(content(0), 0, WorkerCommand::Wake).unwrap();
        for _ in 0..MAX_WORKERS {
            assert_eq!(requests.take_untold(), [WorkerCommand::Wake]);
            assert_eq!(requests.take_untold(), [], "one worker is told once");
            requests.worker_ended();
        }
        let error = waiting.opened(std::future::ready(true)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let waiting = requests.add(content(0), 0, WorkerCommand::Wake).unwrap();
        requests.close();
        let error = waiting.opened(std::future::ready(true)).await.unwrap_err();
        assert_eq!(error.message(), "the server stops");
    }
}
