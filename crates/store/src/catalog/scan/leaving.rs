//! Tracks whose file is gone, for a time or permanently, and the removal of what belonged to them.

use fanfare_model::{Presence, Result};
use sqlx::SqliteConnection;

use super::{Batch, Existing, Facts, presence, revoke_all, scan_rows};
use crate::catalog::leftover::CoversOf;

impl Batch {
    pub(super) async fn missing(&mut self, tx: &mut SqliteConnection, existing: &Existing) -> Result<()> {
        if existing.presence == Presence::Here {
            self.filing.touch(existing.artist, existing.release);
            presence::hide(tx, existing.n, existing.id, self.now).await?;
            self.applied.missing += 1;
        }
        Ok(())
    }

    /// Lets the jobs of a track that was missing wait for a worker again.
    pub(super) async fn came_back(&mut self, tx: &mut SqliteConnection, existing: &Existing) -> Result<()> {
        if existing.presence == Presence::Missing {
            self.applied.restored += 1;
            self.applied.released += presence::release_jobs(tx, existing.id, self.analyze, self.now).await?;
        }
        Ok(())
    }

    /// Takes another track off the path where this one now is. It is kept: its own file may be somewhere else, which a later
    /// change or the next scan says. Until then its path is one that no file can have while there is one at its old path.
    pub(super) async fn clear_target(
        &mut self,
        tx: &mut SqliteConnection,
        existing: &Existing,
        relative_path: &str,
    ) -> Result<()> {
        if existing.is_at(self.folder, relative_path) {
            return Ok(());
        }
        match scan_rows::by_path(tx, self.folder, relative_path).await? {
            Some(other) if other.id != existing.id => scan_rows::off_path(tx, other.n, other.id).await,
            _ => Ok(()),
        }
    }

    /// Notes the cover of a track that gets another one now.
    pub(super) async fn leave_cover(
        &mut self,
        tx: &mut SqliteConnection,
        existing: &Existing,
        facts: &Facts,
    ) -> Result<()> {
        if existing.has_cover_of(facts) {
            return Ok(());
        }
        self.left.covers(tx, CoversOf::Track(existing.n)).await
    }

    pub(super) async fn remove(&mut self, tx: &mut SqliteConnection, existing: &Existing) -> Result<()> {
        self.left.covers(tx, CoversOf::Track(existing.n)).await?;
        self.filing.touch(existing.artist, existing.release);
        self.filing.check_content(existing.content);
        revoke_all(tx, existing.id.as_bytes(), self.now).await?;
        scan_rows::delete(tx, existing.n).await?;
        self.applied.removed += 1;
        Ok(())
    }
}
