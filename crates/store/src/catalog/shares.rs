//! Public links to mixtapes, and the guests who opened them.
//!
//! Invariants: secrets arrive hashed and only hashes are stored; a share that ends takes its guests along (every
//! question asks for both, and removing is a cascade); a guest reaches the tracks of the mixtapes they opened as these are
//! now, and nothing else.

use fanfare_model::{
    Error, ErrorKind, MixtapeId, Result, Share, ShareId, Slug, Timestamp, TrackId, UserId, mixtape,
};
use sqlx::sqlite::SqliteRow;

use super::Catalog;
use crate::{
    SecretHash,
    db::commit,
    error::{from_sql, sql, strange},
    fresh_id,
    rows::{col, count, id, maybe_time, time},
};

/// Browsers that may have one link open; the one that opened it first is forgotten first, and opens it again.
const GUESTS: i64 = 1_000;
/// How long a link that has ended is still listed.
const LISTED_MS: i64 = 30 * 86_400_000;

/// A public link to be made.
#[derive(Debug, Clone)]
pub struct NewShare {
    /// To which mixtape.
    pub mixtape: MixtapeId,
    /// Hash of its token.
    pub secret: SecretHash,
    /// Who makes it; it ends with their account.
    pub maker: Option<UserId>,
    /// Hash of the password that guests need.
    pub password_hash: Option<String>,
    /// Whether guests may take the files with them.
    pub download: bool,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// What a guest may see by a public link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The link.
    pub share: Share,
    /// The mixtape's slug.
    pub slug: Slug,
}

impl Catalog {
    /// Makes a public link.
    ///
    /// # Errors
    /// `LimitExceeded` for too many of one mixtape, `NotFound` when mixtape or maker are gone.
    pub async fn add_share(&self, new: &NewShare, now: Timestamp) -> Result<Share> {
        const WHAT: &str = "making a public link";
        let mut tx = self.db.write(WHAT).await?;
        sqlx::query("DELETE FROM mixtape_share WHERE mixtape = ? AND expires < ?")
            .bind(&new.mixtape.as_bytes()[..])
            .bind(now.0 - LISTED_MS)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        let row = sqlx::query("SELECT count(*) AS shares FROM mixtape_share WHERE mixtape = ?")
            .bind(&new.mixtape.as_bytes()[..])
            .fetch_one(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        let has = count(&row, "shares")?;
        if has >= mixtape::MAX_SHARES {
            return Err(Error::limit("mixtape_shares", has + 1, mixtape::MAX_SHARES)
                .remedy("remove links that are not needed"));
        }
        let id = ShareId::from_bytes(fresh_id(now));
        sqlx::query(
            "INSERT INTO mixtape_share (id, mixtape, secret, maker, password_hash, download, created, expires) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&id.as_bytes()[..])
        .bind(&new.mixtape.as_bytes()[..])
        .bind(&new.secret[..])
        .bind(new.maker.map(|maker| maker.as_bytes().to_vec()))
        .bind(&new.password_hash)
        .bind(new.download)
        .bind(now.0)
        .bind(new.expires.map(|expires| expires.0))
        .execute(&mut *tx)
        .await
        .map_err(|error| gone_if_conflict(from_sql(WHAT, error), "there is no such mixtape"))?;
        commit(tx, WHAT).await?;
        Ok(Share {
            id,
            mixtape: new.mixtape,
            created: now,
            expires: new.expires,
            download: new.download,
            password_hash: new.password_hash.clone(),
        })
    }

    /// The public links of a mixtape, oldest first.
    pub async fn shares(&self, mixtape: MixtapeId) -> Result<Vec<Share>> {
        const WHAT: &str = "listing public links";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT id, mixtape, created, expires, download, password_hash FROM mixtape_share \
             WHERE mixtape = ? ORDER BY created, id",
        )
        .bind(&mixtape.as_bytes()[..])
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        rows.iter().map(share).collect()
    }

    /// Ends a public link of that mixtape; guests who opened it lose access at once.
    ///
    /// # Errors
    /// `NotFound` when there is none, or when it is another mixtape's.
    pub async fn delete_share(&self, mixtape: MixtapeId, id: ShareId) -> Result<()> {
        const WHAT: &str = "removing a public link";
        let mut tx = self.db.write(WHAT).await?;
        let done = sqlx::query("DELETE FROM mixtape_share WHERE id = ? AND mixtape = ?")
            .bind(&id.as_bytes()[..])
            .bind(&mixtape.as_bytes()[..])
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        if done.rows_affected() == 0 {
            return Err(Error::new(ErrorKind::NotFound, "there is no such link"));
        }
        commit(tx, WHAT).await
    }

    /// What the link of that token leads to, unless it has ended.
    pub async fn share_of(&self, secret: SecretHash, now: Timestamp) -> Result<Option<Opened>> {
        const WHAT: &str = "looking for a public link";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query(
            "SELECT s.id, s.mixtape, s.created, s.expires, s.download, s.password_hash, m.slug \
             FROM mixtape_share s JOIN mixtape m ON m.id = s.mixtape \
             WHERE s.secret = ?1 AND (s.expires IS NULL OR s.expires > ?2)",
        )
        .bind(&secret[..])
        .bind(now.0)
        .fetch_optional(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        row.as_ref().map(opened).transpose()
    }

    /// Gives a browser access by a new secret. Links that it opened by an earlier secret stay open.
    ///
    /// # Errors
    /// `NotFound` when the link has been removed meanwhile.
    pub async fn admit_guest(
        &self,
        share: ShareId,
        secret: SecretHash,
        before: Option<SecretHash>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        const WHAT: &str = "letting a guest in";
        let mut tx = self.db.write(WHAT).await?;
        sqlx::query("DELETE FROM share_guest WHERE expires <= ?")
            .bind(now.0)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        if let Some(before) = before {
            sqlx::query("UPDATE share_guest SET secret = ? WHERE secret = ?")
                .bind(&secret[..])
                .bind(&before[..])
                .execute(&mut *tx)
                .await
                .map_err(sql(WHAT))?;
        }
        sqlx::query(
            "INSERT INTO share_guest (secret, share, opened, expires) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (secret, share) DO UPDATE SET opened = ?3, expires = ?4",
        )
        .bind(&secret[..])
        .bind(&share.as_bytes()[..])
        .bind(now.0)
        .bind(until.0)
        .execute(&mut *tx)
        .await
        .map_err(|error| gone_if_conflict(from_sql(WHAT, error), "there is no such link"))?;
        sqlx::query(
            "DELETE FROM share_guest WHERE share = ?1 AND secret IN (SELECT secret FROM share_guest \
                 WHERE share = ?1 ORDER BY opened DESC, secret LIMIT -1 OFFSET ?2)",
        )
        .bind(&share.as_bytes()[..])
        .bind(GUESTS)
        .execute(&mut *tx)
        .await
        .map_err(sql(WHAT))?;
        commit(tx, WHAT).await
    }

    /// The links that a guest has open, the last one first.
    pub async fn guest_shares(&self, secret: SecretHash, now: Timestamp) -> Result<Vec<Opened>> {
        const WHAT: &str = "looking for a guest's links";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query(
            "SELECT s.id, s.mixtape, s.created, s.expires, s.download, s.password_hash, m.slug \
             FROM share_guest g JOIN mixtape_share s ON s.id = g.share JOIN mixtape m ON m.id = s.mixtape \
             WHERE g.secret = ?1 AND g.expires > ?2 AND (s.expires IS NULL OR s.expires > ?2) \
             ORDER BY g.opened DESC, s.id",
        )
        .bind(&secret[..])
        .bind(now.0)
        .fetch_all(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        rows.iter().map(opened).collect()
    }

    /// The link by which a guest reaches that track: one they have open to a mixtape that it is in; of several one that
    /// lets them take it along.
    pub async fn guest_share(
        &self,
        secret: SecretHash,
        track: TrackId,
        now: Timestamp,
    ) -> Result<Option<Share>> {
        const WHAT: &str = "asking what a guest may hear";
        let mut reader = self.db.reader(WHAT).await?;
        let row = sqlx::query(
            "SELECT s.id, s.mixtape, s.created, s.expires, s.download, s.password_hash \
             FROM share_guest g JOIN mixtape_share s ON s.id = g.share \
             WHERE g.secret = ?1 AND g.expires > ?2 AND (s.expires IS NULL OR s.expires > ?2) \
                 AND EXISTS (SELECT 1 FROM mixtape_track e WHERE e.mixtape = s.mixtape AND e.track = ?3) \
             ORDER BY s.download DESC, s.id LIMIT 1",
        )
        .bind(&secret[..])
        .bind(now.0)
        .bind(&track.as_bytes()[..])
        .fetch_optional(&mut *reader)
        .await
        .map_err(sql(WHAT))?;
        row.as_ref().map(share).transpose()
    }
}

/// Inserting for something that is gone breaks a foreign key.
fn gone_if_conflict(error: Error, message: &'static str) -> Error {
    if error.kind() == ErrorKind::Conflict {
        Error::new(ErrorKind::NotFound, message).because(error)
    } else {
        error
    }
}

fn share(row: &SqliteRow) -> Result<Share> {
    Ok(Share {
        id: id(row, "id", ShareId::from_bytes)?,
        mixtape: id(row, "mixtape", MixtapeId::from_bytes)?,
        created: time(row, "created")?,
        expires: maybe_time(row, "expires")?,
        download: col(row, "download")?,
        password_hash: col(row, "password_hash")?,
    })
}

fn opened(row: &SqliteRow) -> Result<Opened> {
    let slug: &str = col(row, "slug")?;
    let slug = slug.parse().map_err(|_| strange(format_args!("the slug `{slug}`")))?;
    Ok(Opened { share: share(row)?, slug })
}
