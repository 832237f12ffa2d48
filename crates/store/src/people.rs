//! People, their sessions and API keys, and the one-time token that makes the first owner.
//!
//! Invariants: secrets arrive hashed and only hashes are stored; a user that is removed takes sessions and keys
//! along; there is an owner from the first one on.

mod change;
mod keys;
mod sessions;

pub use change::{Ended, Keep};
pub use keys::ApiKey;

use fanfare_model::{Error, ErrorKind, Result, Role, Timestamp, User, UserId};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::{
    SecretHash,
    db::{Db, WriteTx, commit},
    error::{from_sql, sql, strange},
    fresh_id,
    rows::{bytes, col, id, time},
    text::name_key,
};

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
        let mut tx = self.db.write_to_delete(WHAT).await?;
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
        self.commit_rights(tx, WHAT).await
    }

    /// Commits what ends rights.
    async fn commit_rights(&self, tx: WriteTx, what: &'static str) -> Result<()> {
        commit(tx, what).await?;
        self.db.note_rights_changed();
        Ok(())
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
