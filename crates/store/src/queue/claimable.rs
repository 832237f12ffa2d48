//! What a claimer may have now: isolated jobs are tried alone.

use fanfare_model::{Result, Timestamp};
use sqlx::SqliteConnection;

use crate::{error::sql, rows::col};

/// What a claimer may have now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claimable {
    Nothing,
    /// That isolated job, and no other.
    Alone(i64),
    /// Whatever is due.
    Several,
}

impl Claimable {
    pub(super) async fn look(
        connection: &mut SqliteConnection,
        queue: &str,
        owner: &str,
        now: Timestamp,
    ) -> Result<Self> {
        const WHAT: &str = "looking for jobs to claim";
        let row = sqlx::query(
            "SELECT EXISTS (SELECT 1 FROM job WHERE queue = ?1 AND state = 'waiting' AND run_at <= ?2) AS due, \
                 (SELECT max(deaths) FROM job WHERE state = 'running' AND owner = ?3) AS held, \
                 (SELECT n FROM job WHERE queue = ?1 AND state = 'waiting' AND deaths > 0 AND run_at <= ?2 \
                  ORDER BY priority DESC, run_at, n LIMIT 1) AS isolated",
        )
        .bind(queue)
        .bind(now.0)
        .bind(owner)
        .fetch_one(connection)
        .await
        .map_err(sql(WHAT))?;
        let (due, held, isolated): (bool, Option<i64>, Option<i64>) =
            (col(&row, "due")?, col(&row, "held")?, col(&row, "isolated")?);
        Ok(match (held, isolated) {
            _ if !due => Self::Nothing,
            (Some(deaths), _) if deaths > 0 => Self::Nothing,
            (Some(_), Some(_)) => Self::Nothing,
            (None, Some(n)) => Self::Alone(n),
            (_, None) => Self::Several,
        })
    }
}
