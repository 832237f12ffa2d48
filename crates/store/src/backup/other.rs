//! Whether a backup is that of another installation: [`refuse`].
//!
//! A new, empty data folder is made where the disk of the right one is not mounted. A backup of it into the old folder would
//! delete what is there: it may be the only copy.

use std::{collections::HashSet, fs, path::Path};

use fanfare_model::{ContentHash, Error, ErrorKind, Result};
use sqlx::Connection as _;

use super::{
    manifest::Manifest,
    named::{Named, open},
};
use crate::{BlobKind, error::sql};

/// From this number of missing uploads on, a backup is refused: a user hardly deletes so many between two backups. Tracks
/// of a library count as away from the same number on.
const MANY: usize = 20;
const WHAT: &str = "comparing with the backup that is there";

/// Refuses to replace a backup that holds people of whom this database knows none, or many uploads of which it names less
/// than half.
///
/// # Errors
/// `Conflict`, with what can be done; those of the databases.
pub(super) async fn refuse(place: &Path, before: &Manifest, snapshot: &Path, named: &Named) -> Result<()> {
    let uploads = uploads_in(place);
    let now: HashSet<ContentHash> =
        named.all().filter(|(kind, _)| *kind == BlobKind::Upload).map(|(_, name)| name).collect();
    let still = uploads.iter().filter(|name| now.contains(name)).count();
    let lost = uploads.len() - still;
    if lost >= MANY && still < lost {
        let what = format!("holds {} uploads, of which this data folder knows {still}", uploads.len());
        return Err(another(place, &what));
    }
    // A damaged snapshot says nothing; the backup is made again for that reason.
    let Ok(people) = people_in(&place.join(&before.database.name)).await else { return Ok(()) };
    let known = people_in(snapshot).await?;
    if !people.is_empty() && people.is_disjoint(&known) {
        let what = format!("holds {} accounts, of which this data folder knows none", people.len());
        return Err(another(place, &what));
    }
    Ok(())
}

fn another(place: &Path, what: &str) -> Error {
    let message = format!("the backup in {} {what}; nothing was changed there", place.display());
    Error::new(ErrorKind::Conflict, message).remedy(
        "look whether --data names the right folder and its disk is mounted; to keep both, name another folder for this backup; if the \
         old one is not needed any more, say --replace",
    )
}

/// The uploads that lie in a backup.
fn uploads_in(place: &Path) -> Vec<ContentHash> {
    let entries =
        |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries(&place.join("blobs").join(BlobKind::Upload.as_str()))
        .flat_map(|folder| entries(&folder).collect::<Vec<_>>())
        .filter_map(|path| path.file_name()?.to_str()?.parse().ok())
        .collect()
}

async fn people_in(database: &Path) -> Result<HashSet<Vec<u8>>> {
    let mut connection = open(database).await?;
    let people =
        sqlx::query_scalar("SELECT id FROM user").fetch_all(&mut connection).await.map_err(sql(WHAT))?;
    connection.close().await.map_err(sql(WHAT))?;
    Ok(people.into_iter().collect())
}
