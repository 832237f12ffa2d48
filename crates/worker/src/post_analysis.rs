//! Runs the hooks that follow an analysis ([`PostAnalysis`]): one that fails, panics or takes too long is a line in the log.

use std::{panic::AssertUnwindSafe, path::Path, sync::Arc, time::Duration};

use fanfare_channel::{PostAnalysis, text};
use fanfare_model::{Error, ErrorKind, Features, Result, Track};
use fanfare_store::{Failure, Store};

/// How long one hook may take: as long as the least budget of a track.
const HOOK_TIME: Duration = Duration::from_secs(300);

/// Runs the hooks in turn.
pub(crate) async fn run_hooks(
    hooks: &[Arc<dyn PostAnalysis>],
    track: &Track,
    path: &Path,
    features: &Features,
    store: &Store,
) {
    for hook in hooks {
        let done = AssertUnwindSafe(hook.after(track, path, features, store));
        let done = tokio::time::timeout(HOOK_TIME, contained(done)).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Timeout, format!("took longer than {} s", HOOK_TIME.as_secs())))
        });
        if let Err(error) = done {
            Failure::new(hook.name(), Some(track.id), text::shown(track, path), &error).tell();
        }
    }
}

/// Has the hooks do in turn what waited for other tracks; see [`PostAnalysis::catch_up`].
pub(crate) async fn catch_up(hooks: &[Arc<dyn PostAnalysis>], failed: Option<&Track>, store: &Store) {
    for hook in hooks {
        let done = AssertUnwindSafe(hook.catch_up(failed, store));
        let done = tokio::time::timeout(HOOK_TIME, contained(done)).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Timeout, format!("took longer than {} s", HOOK_TIME.as_secs())))
        });
        if let Err(error) = done {
            let file = failed.map_or_else(String::new, |track| track.relative_path.clone());
            Failure::new(hook.name(), failed.map(|track| track.id), file, &error).tell();
        }
    }
}

/// Awaits it; a panic is an error.
async fn contained(work: AssertUnwindSafe<impl Future<Output = Result<()>>>) -> Result<()> {
    let mut work = std::pin::pin!(work.0);
    std::future::poll_fn(|context| {
        // After a panic the future is only dropped.
        match std::panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(polled) => polled,
            Err(_) => std::task::Poll::Ready(Err(Error::new(ErrorKind::Internal, "panicked (see the log)"))),
        }
    })
    .await
}
