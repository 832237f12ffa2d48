//! Filing: which artist and release a track belongs to, found or made; and what is left of them afterwards.
//!
//! A release with an album artist is known by artist and title. Without one it is known by folder and title, so
//! that a compilation is one release and not one per artist; a last folder like `CD 2` does not count.

use std::collections::{BTreeSet, HashMap};

use fanfare_model::{ArtistId, ReleaseId, Result, Tags, Timestamp};
use sqlx::{Row, SqliteConnection};

use crate::{error::sql, folding::fold, fresh_id, text::name_key};

/// Files tracks within one transaction, and tidies up at its end.
#[derive(Default)]
pub(crate) struct Filing {
    artists: HashMap<String, i64>,
    releases: HashMap<String, i64>,
    touched_artists: BTreeSet<i64>,
    touched_releases: BTreeSet<i64>,
    touched_contents: BTreeSet<i64>,
}

impl Filing {
    /// The row of the artist that a track is filed under: its own, else the release's.
    pub(crate) async fn track_artist(
        &mut self,
        tx: &mut SqliteConnection,
        tags: &Tags,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        match tags.artist.as_deref().or(tags.album_artist.as_deref()) {
            Some(name) => self.artist(tx, name, now).await,
            None => Ok(None),
        }
    }

    async fn artist(&mut self, tx: &mut SqliteConnection, name: &str, now: Timestamp) -> Result<Option<i64>> {
        let key = name_key(name);
        if key.is_empty() {
            return Ok(None);
        }
        if let Some(&n) = self.artists.get(&key) {
            return Ok(Some(n));
        }
        let id = ArtistId::from_bytes(fresh_id(now));
        let n = sqlx::query_scalar(
            // The assignment changes nothing; it makes RETURNING answer for the row that is there already.
            "INSERT INTO artist (id, key, name, sort) VALUES (?, ?, ?, ?) \
             ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING n",
        )
        .bind(&id.as_bytes()[..])
        .bind(&key)
        .bind(name.trim())
        .bind(fold(name))
        .fetch_one(tx)
        .await
        .map_err(sql("filing an artist"))?;
        self.artists.insert(key, n);
        self.touched_artists.insert(n);
        Ok(Some(n))
    }

    /// The row of the release that a track is filed under; `None` for a track without an album.
    pub(crate) async fn release(
        &mut self,
        tx: &mut SqliteConnection,
        folder: i64,
        relative_path: &str,
        tags: &Tags,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        let Some(title) = tags.album.as_deref().filter(|title| !title.trim().is_empty()) else {
            return Ok(None);
        };
        let album_artist = tags.album_artist.as_deref().filter(|name| !name.trim().is_empty());
        let key = match album_artist {
            Some(name) => format!("artist\n{}\n{}", name_key(name), name_key(title)),
            None => format!("folder\n{folder}\n{}\n{}", release_folder(relative_path), name_key(title)),
        };
        if let Some(&n) = self.releases.get(&key) {
            self.touched_releases.insert(n);
            return Ok(Some(n));
        }
        let artist = match album_artist {
            Some(name) => self.artist(tx, name, now).await?,
            None => None, // found out when all its tracks are filed
        };
        let id = ReleaseId::from_bytes(fresh_id(now));
        let n = sqlx::query_scalar(
            "INSERT INTO release (id, key, title, sort, artist) VALUES (?, ?, ?, ?, ?) \
             ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING n",
        )
        .bind(&id.as_bytes()[..])
        .bind(&key)
        .bind(title.trim())
        .bind(fold(title))
        .bind(artist)
        .fetch_one(tx)
        .await
        .map_err(sql("filing a release"))?;
        self.releases.insert(key, n);
        self.touched_releases.insert(n);
        Ok(Some(n))
    }

    /// Notes that a track is, or was, filed there, so that [`Self::finish`] counts again.
    pub(crate) fn touch(&mut self, artist: Option<i64>, release: Option<i64>) {
        self.touched_artists.extend(artist);
        self.touched_releases.extend(release);
    }

    /// Notes that a track no longer has that content, so that [`Self::finish`] deletes the content if no other track has it.
    pub(crate) fn check_content(&mut self, content: Option<i64>) {
        self.touched_contents.extend(content);
    }

    /// Counts again what was touched, and removes what nothing is filed under any more. What only missing tracks are filed
    /// under counts none and stays.
    pub(crate) async fn finish(mut self, tx: &mut SqliteConnection) -> Result<()> {
        const WHAT: &str = "filing tracks";
        if !self.touched_contents.is_empty() {
            sqlx::query(
                "DELETE FROM content AS c WHERE n IN (SELECT value FROM json_each(?)) \
                 AND NOT EXISTS (SELECT 1 FROM track t WHERE t.content = c.n)",
            )
            .bind(list(&self.touched_contents))
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        }
        if !self.touched_releases.is_empty() {
            let releases = list(&self.touched_releases);
            self.touch_release_artists(tx, &releases).await?;
            sqlx::query(
                "UPDATE release AS r SET \
                     track_count = (SELECT count(*) FROM track t WHERE t.release = r.n AND t.presence = 'here'), \
                     year = (SELECT max(json_extract(t.tags, '$.year')) FROM track t WHERE t.release = r.n), \
                     cover = (SELECT t.cover FROM track t WHERE t.release = r.n AND t.cover IS NOT NULL \
                              ORDER BY t.disc_number, t.track_number, t.relative_path LIMIT 1), \
                     artist = CASE WHEN r.key LIKE 'artist%' THEN r.artist \
                              ELSE (SELECT CASE WHEN count(DISTINCT coalesce(t.artist, 0)) = 1 \
                                           THEN max(t.artist) END FROM track t WHERE t.release = r.n) END \
                 WHERE r.n IN (SELECT value FROM json_each(?))",
            )
            .bind(&releases)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
            self.touch_release_artists(tx, &releases).await?;
            sqlx::query(
                "DELETE FROM release AS r WHERE track_count = 0 AND n IN (SELECT value FROM json_each(?)) \
                     AND NOT EXISTS (SELECT 1 FROM track t WHERE t.release = r.n)",
            )
            .bind(&releases)
            .execute(&mut *tx)
            .await
            .map_err(sql(WHAT))?;
        }
        if !self.touched_artists.is_empty() {
            let artists = list(&self.touched_artists);
            for statement in [
                "UPDATE artist AS a SET \
                     track_count = (SELECT count(*) FROM track t WHERE t.artist = a.n AND t.presence = 'here'), \
                     release_count = (SELECT count(*) FROM release r WHERE r.artist = a.n AND r.track_count > 0) \
                 WHERE a.n IN (SELECT value FROM json_each(?))",
                "DELETE FROM artist AS a WHERE track_count = 0 AND release_count = 0 \
                     AND n IN (SELECT value FROM json_each(?)) \
                     AND NOT EXISTS (SELECT 1 FROM track t WHERE t.artist = a.n) \
                     AND NOT EXISTS (SELECT 1 FROM release r WHERE r.artist = a.n)",
            ] {
                sqlx::query(statement).bind(&artists).execute(&mut *tx).await.map_err(sql(WHAT))?;
            }
        }
        Ok(())
    }

    async fn touch_release_artists(&mut self, tx: &mut SqliteConnection, releases: &str) -> Result<()> {
        let rows = sqlx::query(
            "SELECT DISTINCT artist FROM release \
             WHERE artist IS NOT NULL AND n IN (SELECT value FROM json_each(?))",
        )
        .bind(releases.to_owned())
        .fetch_all(tx)
        .await
        .map_err(sql("filing tracks"))?;
        self.touched_artists.extend(rows.iter().filter_map(|row| row.try_get::<i64, _>(0).ok()));
        Ok(())
    }
}

/// Row numbers as a JSON list: one bound value, however many there are.
fn list(rows: &BTreeSet<i64>) -> String {
    format!("{:?}", rows.iter().collect::<Vec<_>>())
}

/// The folder that holds a release's files; discs of a set lie side by side in it.
fn release_folder(relative_path: &str) -> &str {
    let folder = relative_path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (above, last) = folder.rsplit_once('/').unwrap_or(("", folder));
    if is_disc_folder(last) { above } else { folder }
}

fn is_disc_folder(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    ["disc", "disk", "cd"].iter().any(|word| {
        name.strip_prefix(word).is_some_and(|rest| {
            let rest = rest.trim_start_matches([' ', '-', '_', '.', '#']);
            !rest.is_empty() && rest.len() <= 2 && rest.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discs_of_a_set_share_their_folder() {
        for (path, folder) in [
            ("a.flac", ""),
            ("Album/a.flac", "Album"),
            ("Album/CD1/a.flac", "Album"),
            ("Album/Disc 02/a.flac", "Album"),
            ("CD1/a.flac", ""),
            ("Album/CD Sampler/a.flac", "Album/CD Sampler"),
            ("Album/cd/a.flac", "Album/cd"),
        ] {
            assert_eq!(release_folder(path), folder, "{path}");
        }
    }
}
