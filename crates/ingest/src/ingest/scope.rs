//! Which tracks something is done with: [`WarmScope`], read page by page.

use fanfare_model::{Result, TrackId};
use fanfare_store::{MAX_PAGE, Store, TrackQuery, TrackRow};

/// Which tracks are to be made ready, or looked at.
#[derive(Debug, Clone)]
pub enum WarmScope {
    /// Those, in that order.
    Tracks(Vec<TrackId>),
    /// All that a query finds; its page is not looked at.
    Query(TrackQuery),
}

impl WarmScope {
    /// Reads the tracks, some at a time.
    #[must_use]
    pub fn pages(self, store: &Store) -> ScopePages {
        let (tracks, query) = match self {
            Self::Tracks(tracks) => (tracks, None),
            Self::Query(query) => (Vec::new(), Some(TrackQuery { offset: 0, limit: MAX_PAGE, ..query })),
        };
        ScopePages { store: store.clone(), tracks: tracks.into_iter(), query, missing: Vec::new() }
    }
}

/// The tracks of a [`WarmScope`] as they are read: at most [`MAX_PAGE`] are held at a time.
pub struct ScopePages {
    store: Store,
    tracks: std::vec::IntoIter<TrackId>,
    /// What is read next; `None` when that was the last of it.
    query: Option<TrackQuery>,
    missing: Vec<TrackId>,
}

impl ScopePages {
    /// The next ones; `None` behind the last.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn next(&mut self) -> Result<Option<Vec<TrackRow>>> {
        let catalog = self.store.catalog();
        for id in self.tracks.by_ref() {
            match catalog.track(id).await? {
                Some(row) => return Ok(Some(vec![row])),
                None => self.missing.push(id),
            }
        }
        let Some(query) = &mut self.query else { return Ok(None) };
        let page = catalog.tracks(query).await?;
        query.offset += page.items.len() as u64;
        if page.items.is_empty() || query.offset >= page.total {
            self.query = None;
        }
        Ok((!page.items.is_empty()).then_some(page.items))
    }

    /// Those named so far that the library does not have.
    #[must_use]
    pub fn missing(&self) -> &[TrackId] {
        &self.missing
    }
}
