//! The server's life: bind, open, start, answer, drain, close.

use std::{net::SocketAddr, time::Duration};

use fanfare_ingest::{DataLock, DecoderWatch, Ingest};
use fanfare_model::{Error, ErrorKind, Result};
use fanfare_store::{StorageTrouble, Store, StoreOptions};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use super::{applied, connection, descriptors, links, routes, state::HttpState, token};
use crate::{
    Settings,
    settings::{LiveSettings, Running},
};

/// Connections for reading: lists and streams of a household.
const READERS: u32 = 4;
/// How long a writer waits for the worker's lock, in milliseconds.
const BUSY_TIMEOUT_MS: u32 = 5_000;

/// How long closing the store may take; what it had no time for, the next start does.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// The pause before a setup link that could not be stored is made again.
const TOKEN_AGAIN: Duration = Duration::from_secs(1);

/// Exit code when a second signal ends the process at once (128 + SIGINT, as shells report it).
const EXIT_AT_ONCE: i32 = 130;

/// What is known once requests are answered.
#[derive(Debug, Clone)]
pub struct Started {
    /// Where the server listens, with the port that was really taken.
    pub address: SocketAddr,
    /// The one-time link that creates the owner, while there is none. It is a secret: print it, never log it.
    pub setup_link: Option<String>,
    /// What is wrong with the data folder at the moment.
    pub trouble: Option<StorageTrouble>,
}

/// Runs the server until SIGINT or SIGTERM; a second signal ends the process at once.
///
/// From the first signal to the return it takes about 10 s at most, whatever clients, worker and file systems do, and usually
/// less than 2 s (docs/serving.md, "Shutdown").
///
/// # Errors
/// `Busy` when the address or the data folder is taken, `PermissionDenied` when it may not be used; what the store and ingest report.
pub async fn serve(
    live_settings: LiveSettings,
    on_ready: impl FnOnce(&Started),
    on_link: impl FnOnce(&str),
) -> Result<()> {
    // Before anything is opened, and before a worker inherits the limit.
    descriptors::raise()?;
    let listener = bind(live_settings.current().listen).await?;
    let closing = CancellationToken::new();
    on_signal(closing.clone())?;
    let state = start(live_settings, closing).await?;
    serve_on(listener, state, on_ready, on_link).await
}

/// Runs the server on a listener and parts that are ready, until the state's `closing` is cancelled; then ends its parts.
/// `on_ready` is called once requests are answered; `on_link` with a setup link that could not be made before the data folder
/// could be written.
///
/// # Errors
/// What the store reports while the one-time link is made.
pub async fn serve_on(
    listener: TcpListener,
    state: HttpState,
    on_ready: impl FnOnce(&Started),
    on_link: impl FnOnce(&str),
) -> Result<()> {
    let address =
        listener.local_addr().map_err(|error| Error::from_io("reading the server's address", error))?;
    // A link that cannot be stored would not work.
    let unwritable = state.store.unwritable();
    let token = if unwritable.is_none() { token::renew(&state.store).await? } else { None };
    let link_of = |token| format!("{}/#/welcome/{token}", links::base_url(&state.settings, address));
    let setup_link = token.map(link_of);
    match Running::begin(&state.settings.data_dir, address) {
        Ok(running) => state.live_settings.tell(running),
        // Commands then go by what their own shell says.
        Err(error) => tracing::warn!(%error, "commands beside this server do not know what it goes by"),
    }
    on_ready(&Started { address, setup_link, trouble: state.store.trouble() });
    let router = routes::router(state.clone());
    let closing = state.closing.clone();
    let ingest = state.ingest.clone();
    tokio::join!(
        async {
            connection::run(listener, router, &closing, connection::HEADER_TIMEOUT).await;
            // Last: answers under way may be waiting for what it makes.
            ingest.stop_live().await;
        },
        async {
            closing.cancelled().await;
            ingest.stop_background().await;
        },
        async {
            let watch = DecoderWatch::new(state.settings.ffmpeg_use());
            tokio::select! {
                () = watch.run(state.ingest.clone()) => {}
                () = closing.cancelled() => {}
            }
        },
        async {
            let link = async {
                if unwritable.is_some() { later_token(&state.store).await.map(link_of) } else { None }
            };
            tokio::select! {
                link = link => if let Some(link) = link {
                    on_link(&link);
                },
                () = closing.cancelled() => {}
            }
        }
    );
    ingest.shutdown().await;
    if tokio::time::timeout(CLOSE_TIME, state.store.close()).await.is_err() {
        tracing::warn!("the store was still in use and is not closed in order");
    }
    Ok(())
}

/// A token for the link, once it can be stored.
async fn later_token(store: &Store) -> Option<String> {
    loop {
        store.until_writable().await;
        match token::renew(store).await {
            Ok(token) => return token,
            Err(error) => {
                tracing::warn!(%error, "the setup link could not be made yet");
                tokio::time::sleep(TOKEN_AGAIN).await;
            }
        }
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            Error::new(ErrorKind::Busy, format!("{address} is already in use by another program"))
                .remedy("stop that program, or choose another port with --listen")
                .because(error)
        }
        std::io::ErrorKind::AddrNotAvailable => {
            Error::new(ErrorKind::Invalid, format!("{address} is no address of this machine"))
                .remedy("use 127.0.0.1 or 0.0.0.0 with --listen")
                .because(error)
        }
        _ => Error::from_io(format_args!("listening on {address}"), error)
            .remedy("ports below 1024 need rights; choose a larger one with --listen"),
    })
}

async fn start(live_settings: LiveSettings, closing: CancellationToken) -> Result<HttpState> {
    let options = StoreOptions { migrate: true, readers: READERS, busy_timeout_ms: BUSY_TIMEOUT_MS };
    // First: opening the store tidies up, which would disturb a server that runs.
    let lock = DataLock::acquire(&live_settings.current().data_dir)?;
    let current = live_settings.current();
    let store = Store::open_with_cache(&current.data_dir, &current.cache_dir(), &options).await?;
    let settings = live_settings.take(store.catalog().settings().await?);
    let ingest = Ingest::start(lock, store.clone(), applied::options(&settings)?).await?;
    if store.unwritable().is_some() {
        let (store, ingest, settings, closing) =
            (store.clone(), ingest.clone(), settings.clone(), closing.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = store.until_writable() => {}
                () = closing.cancelled() => return,
            }
            if let Err(error) = add_folders(&store, &ingest, &settings).await {
                tracing::warn!(%error, "a library folder could not be added; the next start tries again");
            }
        });
    } else if let Err(error) = add_folders(&store, &ingest, &settings).await {
        ingest.shutdown().await;
        return Err(error);
    }
    applied::to(&ingest, &settings)?;
    ingest.begin_schedule();
    let mut state = HttpState::new(store, ingest, live_settings);
    state.closing = closing;
    Ok(state)
}

/// Adds the folders that were named and are not in the library yet. (Known ones are scanned at start anyway.)
///
/// A folder that cannot be reached ends the start only when nothing else is there to serve: a disk that is not
/// plugged in must not keep the other folders from playing.
async fn add_folders(store: &Store, ingest: &Ingest, settings: &Settings) -> Result<()> {
    let known = store.catalog().folders().await?;
    let mut reached = !known.is_empty();
    let mut away = None;
    for path in &settings.folders {
        if known.iter().any(|folder| folder.path == *path) {
            continue;
        }
        match ingest.add_folder(path).await {
            Ok(_) => reached = true,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound
                        | ErrorKind::PermissionDenied
                        | ErrorKind::Io
                        | ErrorKind::Unavailable
                ) =>
            {
                tracing::warn!(%error, "a library folder cannot be reached and is left out until the next start");
                away = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    match away {
        Some(error) if !reached => Err(error),
        _ => Ok(()),
    }
}

/// The first signal closes, the second exits.
fn on_signal(closing: CancellationToken) -> Result<()> {
    let failed = |error| Error::from_io("listening for signals", error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if closing.is_cancelled() {
                std::process::exit(EXIT_AT_ONCE);
            }
            tracing::info!("shutting down");
            closing.cancel();
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_told_with_a_remedy() {
        let first = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let error = bind(first.local_addr().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert!(error.remedy_text().unwrap().contains("--listen"));
    }
}
