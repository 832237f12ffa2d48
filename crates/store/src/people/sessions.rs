//! Sessions: who is signed in, until when.

use fanfare_model::{Result, Timestamp, User, UserId};

use sqlx::SqliteConnection;

use super::{People, SecretHash, no_user_if_conflict, user};
use crate::{
    db::commit,
    error::{from_sql, sql},
    rows::{bytes, time},
    uses::{AHEAD_MS, is_ahead, later},
};

/// The most sessions of one person: a script that signs in for every request would fill the database.
const MAX_SESSIONS: usize = 100;

impl People {
    /// Starts a session until `expires`, which is the latest that a session has. Of more than [`MAX_SESSIONS`] of that user those
    /// end that were used longest ago. Sessions that have expired are removed on the way, once the clock went on evenly for a day:
    /// one that jumped ends no session that is valid by the right time.
    ///
    /// # Errors
    /// `NotFound` when the user is gone.
    pub async fn create_session(
        &self,
        user: UserId,
        secret: SecretHash,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        const WHAT: &str = "starting a session";
        let mut tx = self.db.write(WHAT).await?;
        if self.db.runs_evenly(now) {
            tidy(&mut tx, now, expires).await?;
        }
        let ended = self.surplus(&mut tx, user, now, expires).await?;
        for secret in &ended {
            sqlx::query("DELETE FROM session WHERE secret = ?")
                .bind(&secret[..])
                .execute(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
        }
        sqlx::query("INSERT INTO session (secret, user, created, expires, used) VALUES (?1, ?2, ?3, ?4, ?3)")
            .bind(&secret[..])
            .bind(&user.as_bytes()[..])
            .bind(now.0)
            .bind(expires.0)
            .execute(&mut *tx)
            .await
            .map_err(|error| no_user_if_conflict(from_sql(WHAT, error)))?;
        if ended.is_empty() {
            commit(tx, WHAT).await?;
        } else {
            self.commit_rights(tx, WHAT).await?;
        }
        for secret in &ended {
            self.db.uses().forget_session(secret);
        }
        Ok(())
    }

    /// The sessions of a user that must end so that there is room for one more: first those that have expired, and those of a clock
    /// that was wrong (used later than now, or valid for longer than a new one), then those that were used longest ago, by what is
    /// stored and by what this process knows.
    async fn surplus(
        &self,
        tx: &mut SqliteConnection,
        user: UserId,
        now: Timestamp,
        latest: Timestamp,
    ) -> Result<Vec<SecretHash>> {
        const WHAT: &str = "counting sessions";
        let rows = sqlx::query("SELECT secret, used, created, expires FROM session WHERE user = ?")
            .bind(&user.as_bytes()[..])
            .fetch_all(tx)
            .await
            .map_err(sql(WHAT))?;
        let mut sessions = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(secret): Option<SecretHash> = bytes(row, "secret")? else { continue };
            let expires = time(row, "expires")?;
            let used = later(time(row, "used")?, self.db.uses().session(&secret));
            let is_right = now < expires && !is_ahead(expires, latest) && !is_ahead(used, now);
            sessions.push((is_right, used, time(row, "created")?, secret));
        }
        sessions.sort_unstable();
        sessions.truncate((sessions.len() + 1).saturating_sub(MAX_SESSIONS));
        Ok(sessions.into_iter().map(|(.., secret)| secret).collect())
    }

    /// The user of an unexpired session; notes the use, which is written later (at most once an hour): this only reads.
    pub async fn session(&self, secret: SecretHash, now: Timestamp) -> Result<Option<User>> {
        const WHAT: &str = "looking for a session";
        if self.db.ended().contains(&secret) {
            return Ok(None);
        }
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query(
            "SELECT u.id, u.name, u.role, u.created, s.used FROM session s JOIN user u ON u.id = s.user \
             WHERE s.secret = ? AND s.expires > ?",
        )
        .bind(&secret[..])
        .bind(now.0)
        .fetch_optional(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        let Some(row) = row else { return Ok(None) };
        self.db.uses().note_session(secret, time(&row, "used")?, now);
        user(&row).map(Some)
    }

    /// Ends a session, if there is one. Where that cannot be stored it is over for this process, and its row is removed when
    /// that is possible ([`crate::Store::write_uses`]).
    ///
    /// # Errors
    /// Those of the database, where too many sessions wait for that already.
    pub async fn delete_session(&self, secret: SecretHash) -> Result<()> {
        // Before the database is asked, which may take seconds.
        let is_noted = self.db.ended().note(secret);
        if is_noted {
            self.db.note_rights_changed();
        }
        match self.remove_session(secret).await {
            Ok(()) => self.db.ended().forget(&secret),
            Err(error) if is_noted => {
                tracing::warn!(%error, "a session is over, but its row could not be removed; this is tried again");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn remove_session(&self, secret: SecretHash) -> Result<()> {
        const WHAT: &str = "ending a session";
        let mut tx = self.db.write_to_delete(WHAT).await?;
        sqlx::query("DELETE FROM session WHERE secret = ?")
            .bind(&secret[..])
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        self.commit_rights(tx, WHAT).await?;
        self.db.uses().forget_session(&secret);
        Ok(())
    }
}

/// Removes the sessions that have expired, and shortens those that began while the clock was ahead.
async fn tidy(tx: &mut SqliteConnection, now: Timestamp, latest: Timestamp) -> Result<()> {
    const WHAT: &str = "removing sessions that have expired";
    sqlx::query("DELETE FROM session WHERE expires <= ?")
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
    sqlx::query(
        "UPDATE session SET expires = min(expires, ?1), used = min(used, ?2) WHERE expires > ?1 + ?3 OR used > ?2 + ?3",
    )
    .bind(latest.0)
    .bind(now.0)
    .bind(AHEAD_MS)
    .execute(&mut *tx)
    .await
    .map_err(sql(WHAT))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use fanfare_model::Role;

    use super::*;
    use crate::{Store, StoreOptions, db::commit};

    /// Issue 12: sessions of a clock that was years ahead stayed valid for those years.
    #[tokio::test]
    async fn sessions_that_expired_are_removed_and_those_of_a_clock_that_was_ahead_are_shortened() {
        const DAY_MS: i64 = 86_400_000;
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &StoreOptions::default()).await.unwrap();
        let people = store.people();
        let user = people.create_user("ann", "hash", Role::Listener, Timestamp(0)).await.unwrap();
        let now = Timestamp(1_800_000_000_000);
        let ahead = now.plus_ms(5_000 * DAY_MS);
        for (secret, begun) in [(1, now), (2, now.plus_ms(-31 * DAY_MS)), (3, ahead)] {
            let expires = begun.plus_ms(30 * DAY_MS);
            people.create_session(user.id, [secret; 32], expires, begun).await.unwrap();
        }
        let mut tx = people.db.write("test").await.unwrap();
        tidy(&mut tx, now, now.plus_ms(30 * DAY_MS)).await.unwrap();
        commit(tx, "test").await.unwrap();
        for (secret, at, valid) in [
            (1, now, true),
            (1, now.plus_ms(30 * DAY_MS - 1), true),
            (2, now.plus_ms(-2 * DAY_MS), false),
            (3, now.plus_ms(30 * DAY_MS - 1), true),
            (3, now.plus_ms(30 * DAY_MS), false),
        ] {
            let found = people.session([secret; 32], at).await.unwrap();
            assert_eq!(found.is_some(), valid, "{secret}");
        }
    }
}
