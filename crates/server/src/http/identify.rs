//! Who sends a request, found by the secret in its header fields.

use std::time::Instant;

use fanfare_model::Result;
use fanfare_store::SecretHash;
use http::{HeaderMap, header};

use super::{
    caller::{COOKIE, Caller, Proof, cookie},
    callers::Kind,
    clock, secret,
    state::HttpState,
};

/// Who the header fields prove. A key that is sent decides alone, even when it is wrong.
pub async fn identify(state: &HttpState, headers: &HeaderMap) -> Result<Option<Caller>> {
    let (kind, hash) = match headers.get(header::AUTHORIZATION) {
        Some(field) => (Kind::Key, field.to_str().ok().and_then(bearer).and_then(secret::hash)),
        None => (Kind::Session, cookie(headers, COOKIE).and_then(secret::hash)),
    };
    match hash {
        Some(hash) => find(state, kind, hash).await,
        None => Ok(None),
    }
}

/// The caller as they are now; `None` when what proved them is not valid any more. Asked again while a long answer is sent.
///
/// # Errors
/// Those of the store.
pub async fn again(state: &HttpState, caller: &Caller) -> Result<Option<Caller>> {
    match caller.proof {
        Proof::Cookie(hash) => find(state, Kind::Session, hash).await,
        Proof::Key(hash) => find(state, Kind::Key, hash).await,
    }
}

async fn find(state: &HttpState, kind: Kind, hash: SecretHash) -> Result<Option<Caller>> {
    // Before the look-up: what is written meanwhile makes it void.
    let (write_generation, begun) = (state.store.write_generation(), Instant::now());
    if let Some(known) = state.callers.find(kind, hash, write_generation, begun) {
        return Ok(Some(known));
    }
    let (people, now) = (state.store.people(), clock::now());
    let (user, proof) = match kind {
        Kind::Key => (people.key_user(hash, now).await?, Proof::Key(hash)),
        Kind::Session => match people.session(hash, now).await? {
            None => (state.unstored.find(people, hash).await?, Proof::Cookie(hash)),
            stored => (stored, Proof::Cookie(hash)),
        },
    };
    let caller = user.map(|user| Caller { user, proof });
    if let Some(caller) = &caller {
        state.callers.keep(kind, hash, caller, write_generation, begun);
    }
    Ok(caller)
}

/// The token of `Bearer <token>` (RFC 6750 section 2.1; the scheme's name has no case).
fn bearer(field: &str) -> Option<&str> {
    let (scheme, token) = field.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_tokens_are_read() {
        assert_eq!(bearer("bearer  ff_x"), Some("ff_x"));
        assert_eq!(bearer("Basic ff_x"), None);
        assert_eq!(bearer("ff_x"), None);
    }
}
