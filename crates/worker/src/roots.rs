//! Library folders that give no answer.
//!
//! A share that hangs blocks a thread that asks it for minutes. So a folder is checked before a track of it is begun, on a
//! thread that need not return, and one that gave no answer is left out for a while: its tracks cost a run nothing, and
//! those of other folders are analyzed meanwhile.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use fanfare_channel::detached::{LOOK_TIME, look_within};
use fanfare_model::{Error, ErrorKind, FolderId, Result};
use fanfare_store::Store;

/// A folder that gave no answer is not asked again for that long.
const SILENT_FOR: Duration = Duration::from_secs(60);

/// Which folders gave no answer of late. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Roots {
    patience: Duration,
    silent: Arc<Mutex<HashMap<FolderId, Instant>>>,
}

impl Default for Roots {
    fn default() -> Self {
        Self::new(LOOK_TIME)
    }
}

impl Roots {
    fn new(patience: Duration) -> Self {
        Self { patience, silent: Arc::default() }
    }

    /// Whether that library folder can be reached; one that was removed meanwhile is no obstacle.
    ///
    /// # Errors
    /// `Unavailable` when it cannot, or when it gives no answer.
    pub(crate) async fn reach(&self, store: &Store, id: FolderId) -> Result<()> {
        let folders = store.catalog().folders().await?;
        let Some(folder) = folders.into_iter().find(|folder| folder.id == id) else { return Ok(()) };
        self.ask(id, folder.path, |root| is_away(&root)).await
    }

    async fn ask(
        &self,
        id: FolderId,
        root: PathBuf,
        is_away: impl FnOnce(PathBuf) -> bool + Send + 'static,
    ) -> Result<()> {
        if self.silent().get(&id).is_some_and(|since| since.elapsed() < SILENT_FOR) {
            return Err(away(&root));
        }
        let looked = root.clone();
        match look_within(self.patience, move || is_away(looked)).await {
            Ok(is_away) => {
                self.silent().remove(&id);
                if is_away { Err(away(&root)) } else { Ok(()) }
            }
            Err(error) => {
                self.silent().insert(id, Instant::now());
                Err(away(&root).because(error))
            }
        }
    }

    fn silent(&self) -> std::sync::MutexGuard<'_, HashMap<FolderId, Instant>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn away(root: &Path) -> Error {
    Error::new(ErrorKind::Unavailable, format!("the folder {} is away", root.display()))
        .remedy("connect the storage; the track is tried again by itself")
}

/// Whether that library folder cannot be reached: then a file that is not there says nothing.
fn is_away(root: &Path) -> bool {
    // An empty mount point is what an unmounted disk looks like.
    std::fs::read_dir(root).map_or(true, |mut entries| entries.next().is_none())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_folder_that_gives_no_answer_is_asked_once() {
        let (roots, asked) = (Roots::new(Duration::from_millis(50)), Arc::new(AtomicUsize::new(0)));
        let (this, other) = (FolderId::from_bytes([1; 16]), FolderId::from_bytes([2; 16]));
        let ask = |id, hangs| {
            let (roots, asked) = (roots.clone(), Arc::clone(&asked));
            async move {
                let look = move |_| {
                    asked.fetch_add(1, Ordering::SeqCst);
                    if hangs {
                        loop {
                            std::thread::park();
                        }
                    }
                    false
                };
                roots.ask(id, PathBuf::from("/music"), look).await.map_err(|error| error.kind())
            }
        };
        assert_eq!(ask(this, true).await, Err(ErrorKind::Unavailable));
        assert_eq!(ask(this, true).await, Err(ErrorKind::Unavailable));
        assert_eq!(asked.load(Ordering::SeqCst), 1, "the second was not asked");
        assert_eq!(ask(other, false).await, Ok(()), "another folder is none the worse for it");
    }

    #[tokio::test]
    async fn an_empty_folder_is_away_and_one_with_a_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        let (roots, id) = (Roots::default(), FolderId::from_bytes([1; 16]));
        let look = || roots.ask(id, root.clone(), |root| is_away(&root));
        assert_eq!(look().await.unwrap_err().kind(), ErrorKind::Unavailable);
        std::fs::write(root.join("a.flac"), b"").unwrap();
        look().await.unwrap();
        drop(folder);
        assert_eq!(look().await.unwrap_err().kind(), ErrorKind::Unavailable);
    }
}
