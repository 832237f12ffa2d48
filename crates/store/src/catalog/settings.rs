//! Settings that were changed on the web page: names and JSON values, whose meaning is the server's business.

use std::collections::BTreeMap;

use fanfare_model::{Result, Timestamp};
use serde_json::Value;

use super::Catalog;
use crate::{
    db::commit,
    error::sql,
    rows::{col, json, to_json},
};

impl Catalog {
    /// All of them, by name.
    ///
    /// # Errors
    /// `Busy`, `Io`.
    pub async fn settings(&self) -> Result<BTreeMap<String, Value>> {
        const WHAT: &str = "reading settings";
        let mut reader = self.db.reader(WHAT).await?;
        let rows = sqlx::query("SELECT name, value FROM setting")
            .fetch_all(&mut *reader)
            .await
            .map_err(sql(WHAT))?;
        rows.iter().map(|row| Ok((col(row, "name")?, json(row, "value")?))).collect()
    }

    /// Changes some of them in one transaction; `Null` removes one.
    ///
    /// # Errors
    /// `Busy`, `NoSpace`, `Io`: then none is changed.
    pub async fn change_settings(&self, changes: &BTreeMap<String, Value>, now: Timestamp) -> Result<()> {
        const WHAT: &str = "storing settings";
        let mut tx = self.db.write(WHAT).await?;
        for (name, value) in changes {
            let query = if value.is_null() {
                sqlx::query("DELETE FROM setting WHERE name = ?").bind(name)
            } else {
                sqlx::query(
                    "INSERT INTO setting (name, value, changed) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE \
                     SET value = excluded.value, changed = excluded.changed",
                )
                .bind(name)
                .bind(to_json(value)?)
                .bind(now.0)
            };
            query.execute(&mut *tx).await.map_err(sql(WHAT))?;
        }
        commit(tx, WHAT).await
    }
}
