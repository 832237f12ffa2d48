//! API keys.

use fanfare_model::{ApiKeyId, Error, ErrorKind, Result, Timestamp, User, UserId};
use sqlx::sqlite::SqliteRow;

use super::{People, SecretHash, no_user, user};
use crate::{
    db::commit,
    error::sql,
    fresh_id,
    rows::{bytes, col, id, maybe_time, time},
    uses::{is_ahead, later},
};

/// The most API keys of one person.
const MAX_KEYS: u64 = 100;
/// How exactly the last use of a key is known: a busy client must not cause a write per request.
const KEY_USE_MS: i64 = 60_000;

/// An API key as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose it is.
    pub user: UserId,
    /// What its holder called it.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used, to the minute. Another process hears of it a minute later.
    pub last_used: Option<Timestamp>,
}

fn latest(stored: Option<Timestamp>, noted: Option<Timestamp>) -> Option<Timestamp> {
    stored.map_or(noted, |stored| Some(later(stored, noted)))
}

impl People {
    /// Makes an API key of that user.
    ///
    /// # Errors
    /// `NotFound` when the user is gone, `Conflict` when that very secret is in use, `LimitExceeded` for more than
    /// [`MAX_KEYS`] of that user.
    pub async fn create_key(
        &self,
        user: UserId,
        name: &str,
        secret: SecretHash,
        now: Timestamp,
    ) -> Result<ApiKey> {
        const WHAT: &str = "making an API key";
        let mut tx = self.db.write(WHAT).await?;
        let known: Option<i64> = sqlx::query_scalar("SELECT 1 FROM user WHERE id = ?")
            .bind(&user.as_bytes()[..])
            .fetch_optional(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        known.ok_or_else(no_user)?;
        let has: i64 = sqlx::query_scalar("SELECT count(*) FROM api_key WHERE user = ?")
            .bind(&user.as_bytes()[..])
            .fetch_one(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        let has = u64::try_from(has).unwrap_or(0);
        if has >= MAX_KEYS {
            return Err(Error::limit("api_keys", has + 1, MAX_KEYS).remedy("remove keys that are not needed"));
        }
        let id = ApiKeyId::from_bytes(fresh_id(now));
        sqlx::query("INSERT INTO api_key (id, user, name, secret, created) VALUES (?, ?, ?, ?, ?)")
            .bind(&id.as_bytes()[..])
            .bind(&user.as_bytes()[..])
            .bind(name)
            .bind(&secret[..])
            .bind(now.0)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        commit(tx, WHAT).await?;
        Ok(ApiKey { id, user, name: name.to_owned(), created: now, last_used: None })
    }

    /// The keys of a user, oldest first.
    pub async fn keys(&self, user: UserId) -> Result<Vec<ApiKey>> {
        const WHAT: &str = "listing API keys";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT id, user, name, secret, created, last_used FROM api_key WHERE user = ? ORDER BY created, id",
        )
        .bind(&user.as_bytes()[..])
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        let key = |row: &SqliteRow| {
            Ok(ApiKey {
                id: id(row, "id", ApiKeyId::from_bytes)?,
                user: id(row, "user", UserId::from_bytes)?,
                name: col(row, "name")?,
                created: time(row, "created")?,
                last_used: self.last_use(row)?,
            })
        };
        rows.iter().map(key).collect()
    }

    /// The user of that key; notes the use (at most once a minute), which is written later: this only reads.
    pub async fn key_user(&self, secret: SecretHash, now: Timestamp) -> Result<Option<User>> {
        const WHAT: &str = "looking for an API key";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query(
            "SELECT u.id, u.name, u.role, u.created, k.last_used FROM api_key k \
             JOIN user u ON u.id = k.user WHERE k.secret = ?",
        )
        .bind(&secret[..])
        .fetch_optional(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        let Some(row) = row else { return Ok(None) };
        let last_used = latest(maybe_time(&row, "last_used")?, self.db.uses().key(&secret));
        if last_used.is_none_or(|last| last.plus_ms(KEY_USE_MS) <= now || is_ahead(last, now)) {
            self.db.uses().note_key(secret, now);
        }
        user(&row).map(Some)
    }

    /// When the key of that row was last used, written or not.
    fn last_use(&self, row: &SqliteRow) -> Result<Option<Timestamp>> {
        let noted = bytes(row, "secret")?.and_then(|secret| self.db.uses().key(&secret));
        Ok(latest(maybe_time(row, "last_used")?, noted))
    }

    /// Removes a key of that user.
    ///
    /// # Errors
    /// `NotFound` when there is none, or when it is another user's.
    pub async fn delete_key(&self, user: UserId, id: ApiKeyId) -> Result<()> {
        const WHAT: &str = "removing an API key";
        let mut tx = self.db.write_to_delete(WHAT).await?;
        let done = sqlx::query("DELETE FROM api_key WHERE id = ? AND user = ?")
            .bind(&id.as_bytes()[..])
            .bind(&user.as_bytes()[..])
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        if done.rows_affected() == 0 {
            return Err(Error::new(ErrorKind::NotFound, "there is no such API key"));
        }
        self.commit_rights(tx, WHAT).await
    }
}
