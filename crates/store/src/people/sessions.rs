//! Sessions: who is signed in, until when.

use fanfare_model::{Result, Timestamp, User, UserId};

use sqlx::SqliteConnection;

use super::{People, SecretHash, no_user_if_conflict, user};
use crate::{
    db::commit,
    error::{from_sql, sql},
    rows::{bytes, time},
};

/// The most sessions of one person: a script that signs in for every request would fill the database.
const MAX_SESSIONS: usize = 100;

impl People {
    /// Starts a session until `expires`; sessions that have expired are removed on the way, and of more than
    /// [`MAX_SESSIONS`] of that user those that were used longest ago.
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
        sqlx::query("DELETE FROM session WHERE expires <= ?")
            .bind(now.0)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        let ended = self.surplus(&mut tx, user).await?;
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

    /// The sessions of a user that must end so that there is room for one more: those that were used longest ago, by what
    /// is stored and by what this process knows.
    async fn surplus(&self, tx: &mut SqliteConnection, user: UserId) -> Result<Vec<SecretHash>> {
        const WHAT: &str = "counting sessions";
        let rows = sqlx::query("SELECT secret, used, created FROM session WHERE user = ?")
            .bind(&user.as_bytes()[..])
            .fetch_all(tx)
            .await
            .map_err(sql(WHAT))?;
        let mut sessions = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(secret): Option<SecretHash> = bytes(row, "secret")? else { continue };
            let used = Some(time(row, "used")?).max(self.db.uses().session(&secret));
            sessions.push((used, time(row, "created")?, secret));
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
