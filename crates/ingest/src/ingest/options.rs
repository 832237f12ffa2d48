//! Settings that may change while the server runs.

use std::sync::{Arc, PoisonError};

use fanfare_model::Result;
use fanfare_store::Keeping;

use super::Ingest;
use crate::{AcoustIdOptions, BackgroundOptions, UploadOptions};

impl Ingest {
    /// For how long files of ours are kept that no row names, from now on, in days.
    pub fn set_quarantine_days(&self, days: u32) {
        self.inner.kept.set(days);
    }

    /// That, as the store is told it.
    #[must_use]
    pub fn keeping(&self) -> Keeping {
        self.inner.kept.get()
    }

    /// What people may send, and what is made of it.
    #[must_use]
    pub fn uploads(&self) -> Arc<UploadOptions> {
        Arc::clone(&self.inner.uploads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes that, from the next upload and the next ladder on.
    pub fn set_uploads(&self, options: UploadOptions) {
        *self.inner.uploads.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(options);
    }

    /// What runs by itself, when, and how gently.
    #[must_use]
    pub fn background(&self) -> BackgroundOptions {
        self.inner.work_policy.options()
    }

    /// Changes what runs by itself, when, and how gently: at once, also for a run under way.
    ///
    /// # Errors
    /// [`fanfare_model::ErrorKind::Invalid`] for values out of their range.
    pub fn set_background(&self, options: BackgroundOptions) -> Result<()> {
        self.inner.work_policy.set_options(options.checked()?);
        Ok(())
    }

    /// Tells whether measured loudness is written into library files (the worker's hook goes by its own settings). When that
    /// is switched on, tracks that were analyzed before are written too, in a task of its own; what is told first after the
    /// start is no switch.
    pub fn set_write_tags(&self, on: bool) {
        self.inner.passes.tags.set(on);
    }

    /// Tells how AcoustID is asked what tracks are, if it is (the worker's hook goes by its own settings). With a new key,
    /// tracks that were analyzed before are looked up too, in a task of its own; what is told first after the start is no
    /// change.
    pub fn set_acoustid(&self, options: Option<AcoustIdOptions>) {
        self.inner.passes.identify.set(options);
    }
}
