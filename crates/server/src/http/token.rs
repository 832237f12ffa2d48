//! The one-time link that creates the owner.

use fanfare_model::Result;
use fanfare_store::Store;

use super::secret;

/// A new token for the link, replacing one of an earlier start; `None` when there is an owner already.
pub async fn renew(store: &Store) -> Result<Option<String>> {
    if store.people().owner_exists().await? {
        return Ok(None);
    }
    let token = secret::fresh("")?;
    if let Some(hash) = secret::hash(&token) {
        store.people().set_setup_token(hash).await?;
    }
    Ok(Some(token))
}

/// Whether that is the token of the link.
pub async fn is_right(store: &Store, token: &str) -> Result<bool> {
    let stored = store.people().setup_token().await?;
    Ok(stored.zip(secret::hash(token)).is_some_and(|(stored, given)| secret::same(&stored, &given)))
}
