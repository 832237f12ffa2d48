//! Guests: browsers that opened a public link.
//!
//! A guest has a random secret in a cookie of its own, which is sent to the addresses for guests only. It opens the tracks of the
//! mixtapes whose links were opened with it, as long as those links live, and nothing else: no route outside
//! `/api/v1/shared` ever looks at it.

use axum::extract::FromRequestParts;
use fanfare_model::{Share, Timestamp, TrackId};
use fanfare_store::{Opened, SecretHash, TrackRow};
use http::{HeaderMap, request::Parts};

use super::{
    caller, clock,
    problem::{Answer, Problem},
    secret,
    state::HttpState,
};

/// The guest cookie's name.
pub const COOKIE: &str = "fanfare_guest";
/// Where browsers send it.
const PATH: &str = "/api/v1/shared";
/// How long a guest stays in without opening the link again.
const GUEST_DAYS: i64 = 7;

/// The sender of a request, if it has a guest's cookie. The cookie is checked at each request.
#[derive(Debug, Clone, Copy)]
pub struct Guest(pub Option<SecretHash>);

impl FromRequestParts<HttpState> for Guest {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &HttpState) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

impl Guest {
    fn of(headers: &HeaderMap) -> Self {
        Self(caller::cookie(headers, COOKIE).and_then(secret::hash))
    }

    /// The links the guest has open, the last one first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open(self, state: &HttpState) -> Answer<Vec<Opened>> {
        match self.0 {
            Some(secret) => Ok(state.store.catalog().guest_shares(secret, clock::now()).await?),
            None => Ok(Vec::new()),
        }
    }

    /// The track and the link by which the guest reaches it, if they have one open to a mixtape that it is in.
    ///
    /// # Errors
    /// `NotFound` for every other track, there or not.
    pub async fn track(self, state: &HttpState, id: TrackId) -> Answer<(TrackRow, Share)> {
        let catalog = state.store.catalog();
        let share = match self.0 {
            Some(secret) => catalog.guest_share(secret, id, clock::now()).await?,
            None => None,
        };
        match share {
            Some(share) => catalog.track(id).await?.map(|row| (row, share)).ok_or_else(no_track),
            None => Err(no_track()),
        }
    }
}

/// One answer for every track a guest cannot have.
fn no_track() -> Problem {
    Problem::not_found("track").remedy("open the link again")
}

/// Lets the guest in by that link; gives the cookie.
///
/// # Errors
/// `NotFound` when the link was removed meanwhile; errors of the store.
pub async fn admit(state: &HttpState, guest: Guest, share: &Share) -> Answer<String> {
    // Always a new secret: one that somebody else put into this browser must not become good.
    let fresh = secret::fresh("")?;
    let hash = secret::hash(&fresh).ok_or_else(|| Problem::not_found("link"))?;
    let now = clock::now();
    let week = now.plus_ms(GUEST_DAYS * 86_400_000);
    let until = share.expires.map_or(week, |expires| expires.min(week));
    state.store.catalog().admit_guest(share.id, hash, guest.0, until, now).await?;
    Ok(set_cookie(&fresh, until, now, state.settings.is_https()))
}

fn set_cookie(secret: &str, until: Timestamp, now: Timestamp, secure: bool) -> String {
    let age = (until.0 - now.0).max(0) / 1_000;
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={secret}; Path={PATH}; HttpOnly; SameSite=Strict; Max-Age={age}{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_goes_to_guests_addresses_only() {
        let now = Timestamp(1_000_000);
        for (secure, end) in [(false, "Max-Age=60"), (true, "Max-Age=60; Secure")] {
            let cookie = set_cookie("abc", now.plus_ms(60_000), now, secure);
            assert!(
                cookie.starts_with("fanfare_guest=abc; Path=/api/v1/shared; HttpOnly; SameSite=Strict; ")
            );
            assert!(cookie.ends_with(end), "{cookie}");
        }
    }
}
