//! Progress as it happens, by server-sent events (WHATWG HTML section 9.2).

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use fanfare_ingest::{TaskEvent, TaskHub};
use fanfare_model::{ErrorKind, TaskId};
use futures_util::stream;
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use tokio::{
    sync::{OwnedSemaphorePermit, broadcast, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;

use super::tasks;
use crate::http::{
    caller::Caller,
    callers, clock,
    dto::task::TaskEventDto,
    extract::{Path, Query},
    identify,
    problem::{Answer, Problem},
    shown::Shown,
    state::HttpState,
};

/// How often a comment is sent when nothing happens, so that proxies and clients see that the stream lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// From where events are told.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventParams {
    /// As `Last-Event-ID`, for a browser's new `EventSource`, which cannot set a header field. The field wins.
    after: Option<u64>,
}

/// Events of all tasks. The first ones tell the present state; with `Last-Event-ID` those that were missed.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "tasks",
    params(
        ("last-event-id" = Option<String>, Header, description = "The last event the client has"),
        EventParams
    ),
    responses((
        status = 200,
        description = "Events named `task`; each `data` is a TaskEvent",
        content_type = "text/event-stream",
        body = TaskEventDto
    ))
)]
pub async fn events(
    State(state): State<HttpState>,
    caller: Caller,
    Query(params): Query<EventParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    feed(&state, caller, last_event(&headers).or(params.after), None, None).await
}

/// Events of one task. The first one tells the present state, or the last one; with `Last-Event-ID` those that were missed.
#[utoipa::path(
    get,
    path = "/api/v1/tasks/{id}/events",
    tag = "tasks",
    params(
        ("id" = String, Path, description = "The task"),
        ("last-event-id" = Option<String>, Header, description = "The last event the client has"),
    ),
    responses((
        status = 200,
        description = "Events named `task`; each `data` is a TaskEvent",
        content_type = "text/event-stream",
        body = TaskEventDto
    ))
)]
pub async fn task_events(
    State(state): State<HttpState>,
    caller: Caller,
    Path(id): Path<TaskId>,
    headers: HeaderMap,
) -> Answer<Response> {
    let mut task = tasks::find(&state, id).await?;
    let ended = task.state.is_over().then(|| {
        task.failures = Vec::new();
        // Number 0: it comes from the catalog and has no place among the events.
        let at = task.ended.unwrap_or_else(clock::now);
        TaskEvent::of(0, &task, at)
    });
    feed(&state, caller, last_event(&headers), Some(id), ended).await
}

fn last_event(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id").and_then(|id| id.to_str().ok()?.trim().parse().ok())
}

async fn feed(
    state: &HttpState,
    caller: Caller,
    last: Option<u64>,
    only: Option<TaskId>,
    ended: Option<TaskEvent>,
) -> Answer<Response> {
    let permit = Arc::clone(&state.event_streams).try_acquire_owned().map_err(|_| {
        Problem::new(ErrorKind::Busy, "too many event streams are open")
            .remedy("close some tabs")
            .retry_after(10)
    })?;
    // Before anything is looked up: a right that ends meanwhile is noticed.
    let (rights, checked) = (state.store.rights_changes(), Instant::now());
    let shown = Shown::to(&caller, state).await?;
    let hub = state.ingest.hub().clone();
    let (missed, receiver) = hub.subscribe(last);
    let mut waiting = VecDeque::from(missed);
    // Who is told how it went, end included, needs no last state before that.
    if let Some(ended) = ended.filter(|ended| waiting.iter().all(|event| event.task.id != ended.task.id)) {
        waiting.push_front(ended);
    }
    let (state, closing) = (state.clone(), state.closing.clone());
    let tasks = Tasks { hub, receiver, waiting, last, only };
    let feed = Feed { state, caller, rights, checked, shown, tasks, closing, _permit: permit };
    let stream = stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        if feed.shown.is_strange(&event.task)
            && let Ok(shown) = Shown::to(&feed.caller, &feed.state).await
        {
            feed.shown = shown;
        }
        Some((Ok::<_, Infallible>(render(feed.shown.event(event))), feed))
    });
    let mut response = Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    // Nginx would hold events back otherwise.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn render(event: TaskEvent) -> Event {
    let id = event.id;
    let data = serde_json::to_string(&TaskEventDto::from(event)).unwrap_or_default();
    let rendered = Event::default().event("task").data(data);
    if id == 0 { rendered } else { rendered.id(id.to_string()) }
}

/// One listener: what waits to be sent to it, then what happens, as long as the caller may see it.
struct Feed {
    state: HttpState,
    caller: Caller,
    rights: watch::Receiver<u64>,
    /// When it was last asked whether the caller is still one.
    checked: Instant,
    shown: Shown,
    tasks: Tasks,
    closing: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

/// Which events are sent.
struct Tasks {
    hub: TaskHub,
    receiver: broadcast::Receiver<TaskEvent>,
    waiting: VecDeque<TaskEvent>,
    last: Option<u64>,
    only: Option<TaskId>,
}

impl Feed {
    /// The next event; `None` when the server shuts down, and when what proved the caller is not valid any more.
    async fn next(&mut self) -> Option<TaskEvent> {
        loop {
            let event = tokio::select! {
                biased;
                () = self.closing.cancelled() => return None,
                changed = self.rights.changed() => {
                    changed.ok()?;
                    self.check().await?;
                    continue;
                }
                // The end of a session by its age, and what another process ended.
                () = tokio::time::sleep_until(self.checked + KEEP_ALIVE) => {
                    self.check().await?;
                    continue;
                }
                event = self.tasks.next() => event?,
            };
            if self.checked.elapsed() >= callers::LIFE {
                self.check().await?;
            }
            return Some(event);
        }
    }

    /// Asks who the caller is now; `None` when it is not known that they may go on. A client that may asks again.
    async fn check(&mut self) -> Option<()> {
        self.checked = Instant::now();
        self.caller = identify::again(&self.state, &self.caller).await.ok().flatten()?;
        Some(())
    }
}

impl Tasks {
    /// The next event; `None` when there are no more.
    async fn next(&mut self) -> Option<TaskEvent> {
        loop {
            let event = match self.waiting.pop_front() {
                Some(event) => event,
                None => match self.receiver.recv().await {
                    Ok(event) => event,
                    Err(broadcast::error::RecvError::Closed) => return None,
                    // Too slow for the channel: start again from what was sent last.
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        let (missed, receiver) = self.hub.subscribe(self.last);
                        self.waiting = missed.into();
                        self.receiver = receiver;
                        continue;
                    }
                },
            };
            if event.id > 0 {
                self.last = Some(event.id);
            }
            if self.only.is_none_or(|only| only == event.task.id) {
                return Some(event);
            }
        }
    }
}
