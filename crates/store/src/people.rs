//! People, their sessions and API keys, and the one-time token that makes the first owner.
//!
//! Invariants: secrets arrive hashed and only hashes are stored; a user that is removed takes sessions and keys
//! along; there is an owner from the first one on.

mod change;

pub use change::{Ended, Keep};

use fanfare_model::{ApiKeyId, Error, ErrorKind, Result, Role, Timestamp, User, UserId};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::{
    db::{Db, commit},
    error::{from_sql, sql, strange},
    fresh_id,
    rows::{bytes, col, id, maybe_time, time},
    text::name_key,
};

/// A secret's hash (BLAKE3 of a random token).
pub type SecretHash = [u8; 32];

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

/// People, sessions and API keys. Secrets arrive hashed by the caller; only hashes are stored.
#[derive(Clone)]
pub struct People {
    db: Db,
}

impl People {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Whether there is an owner, so that nobody else can become the first one.
    ///
    /// # Errors
    /// As every reading call: `Busy`, `Io`, `Unavailable`, `Internal`.
    pub async fn owner_exists(&self) -> Result<bool> {
        owner_count(&mut *self.db.reader("looking for an owner").await?).await.map(|count| count > 0)
    }

    /// Makes the first owner and forgets the one-time token, in one step.
    ///
    /// # Errors
    /// `Conflict` when there is one already (also when two try at once: one wins).
    pub async fn create_first_owner(&self, name: &str, password_hash: &str, now: Timestamp) -> Result<User> {
        const WHAT: &str = "making the owner";
        let mut tx = self.db.write(WHAT).await?;
        if owner_count(&mut tx).await? > 0 {
            return Err(Error::new(ErrorKind::Conflict, "there is an owner already")
                .remedy("sign in; an owner can add more people"));
        }
        let user = insert_user(&mut tx, name, password_hash, Role::Owner, now).await?;
        sqlx::query("DELETE FROM setup_token").execute(&mut *tx).await.map_err(sql(WHAT))?;
        commit(tx, WHAT).await?;
        Ok(user)
    }

    /// Makes a user.
    ///
    /// # Errors
    /// `Conflict` when the name is taken (compared without case), `Invalid` when it is empty.
    pub async fn create_user(
        &self,
        name: &str,
        password_hash: &str,
        role: Role,
        now: Timestamp,
    ) -> Result<User> {
        const WHAT: &str = "making a user";
        let mut tx = self.db.write(WHAT).await?;
        let user = insert_user(&mut tx, name, password_hash, role, now).await?;
        commit(tx, WHAT).await?;
        Ok(user)
    }

    /// The user of exactly that name, with the password hash.
    pub async fn credentials(&self, name: &str) -> Result<Option<(User, String)>> {
        const WHAT: &str = "looking for a user";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query("SELECT id, name, role, created, password_hash FROM user WHERE name = ?")
            .bind(name)
            .fetch_optional(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        row.map(|row| Ok((user(&row)?, col(&row, "password_hash")?))).transpose()
    }

    /// Everybody, by name.
    pub async fn users(&self) -> Result<Vec<User>> {
        const WHAT: &str = "listing users";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query("SELECT id, name, role, created FROM user ORDER BY name_key")
            .fetch_all(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        rows.iter().map(user).collect()
    }

    /// Removes a user with all sessions and keys.
    ///
    /// # Errors
    /// `NotFound` when there is no such user, `Conflict` when it is the last owner.
    pub async fn delete_user(&self, user: UserId) -> Result<()> {
        const WHAT: &str = "removing a user";
        let mut tx = self.db.write(WHAT).await?;
        let role: Option<String> = sqlx::query_scalar("SELECT role FROM user WHERE id = ?")
            .bind(&user.as_bytes()[..])
            .fetch_optional(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        let role = role.ok_or_else(no_user)?;
        if role == Role::Owner.as_str() && owner_count(&mut tx).await? == 1 {
            return Err(
                Error::new(ErrorKind::Conflict, "this is the last owner").remedy("make another owner first")
            );
        }
        sqlx::query("DELETE FROM user WHERE id = ?")
            .bind(&user.as_bytes()[..])
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        commit(tx, WHAT).await
    }

    /// Starts a session until `expires`; sessions that have expired are removed on the way.
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

    /// Makes an API key of that user.
    ///
    /// # Errors
    /// `NotFound` when the user is gone, `Conflict` when that very secret is in use.
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
                last_used: maybe_time(row, "last_used")?.max(self.noted_use(row)?),
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
        let last_used = maybe_time(&row, "last_used")?.max(self.db.uses().key(&secret));
        if last_used.is_none_or(|last| last.plus_ms(KEY_USE_MS) <= now) {
            self.db.uses().note_key(secret, now);
        }
        user(&row).map(Some)
    }

    /// When the key of that row was used, as far as that is not written yet.
    fn noted_use(&self, row: &SqliteRow) -> Result<Option<Timestamp>> {
        Ok(bytes(row, "secret")?.and_then(|secret| self.db.uses().key(&secret)))
    }

    /// Removes a key of that user.
    ///
    /// # Errors
    /// `NotFound` when there is none, or when it is another user's.
    pub async fn delete_key(&self, user: UserId, id: ApiKeyId) -> Result<()> {
        const WHAT: &str = "removing an API key";
        let mut tx = self.db.write(WHAT).await?;
        let done = sqlx::query("DELETE FROM api_key WHERE id = ? AND user = ?")
            .bind(&id.as_bytes()[..])
            .bind(&user.as_bytes()[..])
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        if done.rows_affected() == 0 {
            return Err(Error::new(ErrorKind::NotFound, "there is no such API key"));
        }
        commit(tx, WHAT).await
    }

    /// Keeps the hash of the one-time link's token across restarts until the owner exists.
    ///
    /// # Errors
    /// `Conflict` when there is an owner already: the token would open the door again.
    pub async fn set_setup_token(&self, secret: SecretHash) -> Result<()> {
        const WHAT: &str = "keeping the one-time token";
        let mut tx = self.db.write(WHAT).await?;
        if owner_count(&mut tx).await? > 0 {
            return Err(Error::new(ErrorKind::Conflict, "there is an owner already"));
        }
        sqlx::query(
            "INSERT INTO setup_token (only, secret) VALUES (1, ?) \
             ON CONFLICT (only) DO UPDATE SET secret = excluded.secret",
        )
        .bind(&secret[..])
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        commit(tx, WHAT).await
    }

    /// The hash of the one-time link's token; `None` once the owner exists.
    pub async fn setup_token(&self) -> Result<Option<SecretHash>> {
        const WHAT: &str = "reading the one-time token";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query("SELECT secret FROM setup_token")
            .fetch_optional(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        row.map_or(Ok(None), |row| bytes(&row, "secret"))
    }
}

async fn owner_count(connection: &mut SqliteConnection) -> Result<i64> {
    sqlx::query_scalar("SELECT count(*) FROM user WHERE role = 'owner'")
        .fetch_one(connection)
        .await
        .map_err(sql("counting owners"))
}

async fn insert_user(
    tx: &mut SqliteConnection,
    name: &str,
    password_hash: &str,
    role: Role,
    now: Timestamp,
) -> Result<User> {
    let key = name_key(name);
    if key.is_empty() {
        return Err(Error::new(ErrorKind::Invalid, "the name is empty"));
    }
    let id = UserId::from_bytes(fresh_id(now));
    sqlx::query(
        "INSERT INTO user (id, name, name_key, password_hash, role, created) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&id.as_bytes()[..])
    .bind(name)
    .bind(key)
    .bind(password_hash)
    .bind(role.as_str())
    .bind(now.0)
    .execute(tx)
    .await
    .map_err(|error| match from_sql("making a user", error) {
        error if error.kind() == ErrorKind::Conflict => {
            Error::new(ErrorKind::Conflict, "the name is taken").remedy("choose another name").because(error)
        }
        error => error,
    })?;
    Ok(User { id, name: name.to_owned(), role, created: now })
}

fn user(row: &SqliteRow) -> Result<User> {
    let role: &str = col(row, "role")?;
    Ok(User {
        id: id(row, "id", UserId::from_bytes)?,
        name: col(row, "name")?,
        role: Role::from_name(role).ok_or_else(|| strange(format_args!("the role `{role}`")))?,
        created: time(row, "created")?,
    })
}

fn no_user() -> Error {
    Error::new(ErrorKind::NotFound, "there is no such user")
}

/// Inserting for a user that is gone breaks a foreign key.
fn no_user_if_conflict(error: Error) -> Error {
    if error.kind() == ErrorKind::Conflict { no_user().because(error) } else { error }
}
