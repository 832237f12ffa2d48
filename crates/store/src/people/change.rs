//! A new password, and what ends with the old one.

use fanfare_model::{Result, UserId};

use super::{People, SecretHash, no_user};
use crate::error::sql;

/// What goes on after a change of password.
#[derive(Debug, Clone, Copy, Default)]
pub struct Keep {
    /// The session in which the change was made; every other one ends.
    pub session: Option<SecretHash>,
    /// Whether API keys go on working.
    pub keys: bool,
}

/// What a change of password ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Sessions that are over.
    pub sessions: u64,
    /// API keys that are gone.
    pub keys: u64,
    /// API keys that go on working.
    pub keys_left: u64,
}

impl People {
    /// Replaces a password's hash, and ends what may have been opened by the old one, in one step.
    ///
    /// # Errors
    /// `NotFound` when there is no such user.
    pub async fn change_password(&self, user: UserId, password_hash: &str, keep: Keep) -> Result<Ended> {
        const WHAT: &str = "setting a password";
        let mut tx = self.db.write(WHAT).await?;
        let done = sqlx::query("UPDATE user SET password_hash = ? WHERE id = ?")
            .bind(password_hash)
            .bind(&user.as_bytes()[..])
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        if done.rows_affected() == 0 {
            return Err(no_user());
        }
        let sessions = sqlx::query("DELETE FROM session WHERE user = ? AND secret IS NOT ?")
            .bind(&user.as_bytes()[..])
            .bind(keep.session.map(|secret| secret.to_vec()))
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?
            .rows_affected();
        let keys = sqlx::query("DELETE FROM api_key WHERE user = ? AND ?")
            .bind(&user.as_bytes()[..])
            .bind(!keep.keys)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?
            .rows_affected();
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM api_key WHERE user = ?")
            .bind(&user.as_bytes()[..])
            .fetch_one(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        self.commit_rights(tx, WHAT).await?;
        Ok(Ended { sessions, keys, keys_left: u64::try_from(left).unwrap_or(0) })
    }
}
