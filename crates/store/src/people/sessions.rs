//! Sessions: who is signed in, until when.

use fanfare_model::{Result, Timestamp, User, UserId};

use super::{People, SecretHash, no_user_if_conflict, user};
use crate::{
    db::commit,
    error::{from_sql, sql},
};

/// The most sessions of one person: a script that signs in for every request would fill the database.
const MAX_SESSIONS: u32 = 100;

impl People {
    /// Starts a session until `expires`; sessions that have expired are removed on the way, and of more than
    /// [`MAX_SESSIONS`] of that user those that began first.
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
        sqlx::query("INSERT INTO session (secret, user, created, expires) VALUES (?, ?, ?, ?)")
            .bind(&secret[..])
            .bind(&user.as_bytes()[..])
            .bind(now.0)
            .bind(expires.0)
            .execute(&mut *tx)
            .await
            .map_err(|error| no_user_if_conflict(from_sql(WHAT, error)))?;
        sqlx::query(
            "DELETE FROM session WHERE user = ?1 AND secret NOT IN \
                 (SELECT secret FROM session WHERE user = ?1 ORDER BY secret IS ?3 DESC, created DESC LIMIT ?2)",
        )
        .bind(&user.as_bytes()[..])
        .bind(MAX_SESSIONS)
        .bind(&secret[..])
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        commit(tx, WHAT).await
    }

    /// The user of an unexpired session.
    pub async fn session(&self, secret: SecretHash, now: Timestamp) -> Result<Option<User>> {
        const WHAT: &str = "looking for a session";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query(
            "SELECT u.id, u.name, u.role, u.created FROM session s JOIN user u ON u.id = s.user \
             WHERE s.secret = ? AND s.expires > ?",
        )
        .bind(&secret[..])
        .bind(now.0)
        .fetch_optional(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        row.as_ref().map(user).transpose()
    }

    /// Ends a session, if there is one.
    pub async fn delete_session(&self, secret: SecretHash) -> Result<()> {
        const WHAT: &str = "ending a session";
        let mut tx = self.db.write(WHAT).await?;
        sqlx::query("DELETE FROM session WHERE secret = ?")
            .bind(&secret[..])
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        commit(tx, WHAT).await
    }
}
